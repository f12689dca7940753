import { CITYSCAPES } from '../../core/labels/cityscapes.ts'
import type { SamSettings } from '../../core/goodsam/config.ts'
import type { MaskFunnel } from '../../core/goodsam/types.ts'
import type { PanoramaSummary } from '../workers/raster-tasks.ts'
import type { SettledLabelRequest } from './messages.ts'
import type { LabelWarning } from './protocol.ts'

/** What a person should know about a panorama's result although nothing failed. */
export function labelWarnings(
  request: SettledLabelRequest,
  result: { readonly summary: PanoramaSummary; readonly windows: number; /** null: not looked at */ readonly classes: number | null },
): LabelWarning[] {
  const warnings: LabelWarning[] = []
  const { funnel } = result.summary
  if (request.sam !== null && funnel !== null && funnel.kept < result.windows) {
    const remedy = `Lower the filters of ${request.sam.name}, or of this run.`
    warnings.push({
      message: `${funnelSentence(funnel, request.sam.settings)} ${remedy}`,
      shared: { did: 'kept almost no masks', remedy },
    })
  }
  const expected = CITYSCAPES.classes.length
  if (result.classes !== null && result.classes !== expected) {
    const message = `${request.ta.name} tells ${result.classes} classes apart, the label set ${CITYSCAPES.name} has ${expected}: class names and colours may not be those the model was trained on.`
    warnings.push({ message, shared: null })
  }
  return warnings
}

/** How few masks passed each filter, and the settings that decided so. */
export function funnelSentence(funnel: MaskFunnel, settings: SamSettings): string {
  return (
    `of ${funnel.candidates} masks ${funnel.afterPredIou} passed predicted IoU >= ${settings.predIou}, ` +
    `${funnel.afterStability} of these stability >= ${settings.stability} (offset ${settings.stabilityOffset}), ` +
    `${funnel.afterNms} box NMS ${settings.boxNms}, and ${funnel.kept} the minimum area of ${settings.minAreaFraction} of a window.`
  )
}
