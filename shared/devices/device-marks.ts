/** States in the life cycle that an admin decides, by which the device list of the console can filter. */
export const DEVICE_MARKS = ['missing', 'retired'] as const;
