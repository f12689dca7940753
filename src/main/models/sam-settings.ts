import { z } from 'zod'
import { StudioError } from '../../contract/errors.ts'
import { samSettingsSchema } from '../../contract/schemas.ts'
import type { ModelDialect } from '../../contract/schemas.ts'
import { SAM_DEFAULTS } from '../../core/goodsam/config.ts'
import type { SamSettings } from '../../core/goodsam/config.ts'

/** Mask filters a SAM model starts with. The official decoder takes one prompt per run, whatever pointsPerBatch says. */
export function defaultSamSettings(dialect: Exclude<ModelDialect, 'semantic'>): SamSettings {
  return dialect === 'sam-official' ? { ...SAM_DEFAULTS, pointsPerBatch: 1 } : SAM_DEFAULTS
}

const settingsFileSchema = z.strictObject({ ...samSettingsSchema.partial().shape, name: z.string().min(1).max(100).optional() })

/**
 * The `settings.json` beside a model's files: any of the SAM settings, and the model's name. What it leaves out keeps
 * the dialect's default. Throws StudioError bad-input naming the file and the key that does not fit.
 */
export function parseSamSettings(
  text: string,
  options: { readonly file: string; readonly dialect: Exclude<ModelDialect, 'semantic'> },
): { readonly settings: SamSettings; readonly name: string | null } {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new StudioError('bad-input', `${options.file} is not JSON: correct it, or move it away to use the defaults.`, { cause })
  }
  const parsed = settingsFileSchema.safeParse(json)
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`)
    const known = Object.keys(samSettingsSchema.shape).join(', ')
    throw new StudioError('bad-input', `${options.file} has settings that do not fit (${problems.join('; ')}). Known settings: ${known}.`)
  }
  const { name, ...settings } = parsed.data
  return { settings: { ...defaultSamSettings(options.dialect), ...settings }, name: name ?? null }
}
