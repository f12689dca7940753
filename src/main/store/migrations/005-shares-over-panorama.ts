/** Runs from before shares could be counted over the panorama counted them over their windows. */
export const SHARES_OVER_PANORAMA = `
UPDATE labelling_runs SET config = json_set(config, '$.fusion.shares', 'window')
WHERE json_extract(config, '$.fusion.shares') IS NULL;
`
