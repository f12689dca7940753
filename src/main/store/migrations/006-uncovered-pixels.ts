/** Runs from before pixels of no mask could be left out kept the TA's class there. */
export const UNCOVERED_PIXELS = `
UPDATE labelling_runs SET config = json_set(config, '$.fusion.uncovered', 'ta')
WHERE json_extract(config, '$.fusion.uncovered') IS NULL;
`
