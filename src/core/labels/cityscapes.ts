import type { LabelSet } from './label-set.ts'

/** The 19 evaluated Cityscapes classes: trainId, name, labelId, colour as the dataset publishes them. */
export const CITYSCAPES: LabelSet = {
  id: 'cityscapes',
  name: 'Cityscapes',
  classes: [
    { trainId: 0, name: 'road', labelId: 7, color: [128, 64, 128] },
    { trainId: 1, name: 'sidewalk', labelId: 8, color: [244, 35, 232] },
    { trainId: 2, name: 'building', labelId: 11, color: [70, 70, 70] },
    { trainId: 3, name: 'wall', labelId: 12, color: [102, 102, 156] },
    { trainId: 4, name: 'fence', labelId: 13, color: [190, 153, 153] },
    { trainId: 5, name: 'pole', labelId: 17, color: [153, 153, 153] },
    { trainId: 6, name: 'traffic light', labelId: 19, color: [250, 170, 30] },
    { trainId: 7, name: 'traffic sign', labelId: 20, color: [220, 220, 0] },
    { trainId: 8, name: 'vegetation', labelId: 21, color: [107, 142, 35] },
    { trainId: 9, name: 'terrain', labelId: 22, color: [152, 251, 152] },
    { trainId: 10, name: 'sky', labelId: 23, color: [70, 130, 180] },
    { trainId: 11, name: 'person', labelId: 24, color: [220, 20, 60] },
    { trainId: 12, name: 'rider', labelId: 25, color: [255, 0, 0] },
    { trainId: 13, name: 'car', labelId: 26, color: [0, 0, 142] },
    { trainId: 14, name: 'truck', labelId: 27, color: [0, 0, 70] },
    { trainId: 15, name: 'bus', labelId: 28, color: [0, 60, 100] },
    { trainId: 16, name: 'train', labelId: 31, color: [0, 80, 100] },
    { trainId: 17, name: 'motorcycle', labelId: 32, color: [0, 0, 230] },
    { trainId: 18, name: 'bicycle', labelId: 33, color: [119, 11, 32] },
  ],
}
