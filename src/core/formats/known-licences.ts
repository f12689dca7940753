/** Licences under which well-known teachers and initial weights were published, by what their files are usually called. */

interface KnownLicence {
  readonly names: RegExp
  readonly licence: string
}

/** The first that fits counts. */
const KNOWN: readonly KnownLicence[] = [
  { names: /\(built in\)$|^(nano-sam|street-ta)( \d+)?$/, licence: 'MIT (comes with GoodSAM Studio)' },
  { names: /edge[-_ ]?sam/i, licence: 'S-Lab License 1.0, non-commercial (EdgeSAM, NTU)' },
  { names: /fast[-_ ]?sam/i, licence: 'AGPL-3.0 (FastSAM, CASIA)' },
  { names: /mobile[-_ ]?sam/i, licence: 'Apache-2.0 (MobileSAM)' },
  { names: /slim[-_ ]?sam/i, licence: 'Apache-2.0 (SlimSAM)' },
  { names: /sam[-_ ]?vit[-_ ]|sam2|segment[-_ ]?anything/i, licence: 'Apache-2.0 (Segment Anything, Meta)' },
  { names: /segformer|(^|[^a-z])mit[-_ ]?b[0-5]/i, licence: 'NVIDIA Source Code License for SegFormer, non-commercial' },
  { names: /espnet/i, licence: 'MIT (EdgeNets, University of Washington)' },
  { names: /mask2former|oneformer/i, licence: 'MIT' },
]

/** The licence that files of these names are usually under, or null. Whoever passes a student on must check it. */
export function knownLicence(names: readonly string[]): string | null {
  return KNOWN.find((known) => names.some((name) => known.names.test(name)))?.licence ?? null
}
