/**
 * Location evidence, the location of each device, and the index by which an order finds the devices in its areas. The module computes no
 * verdict. Devices convert their coordinates to areas, so evidence never contains coordinates.
 */
import { createLocationIntake, type IntakePorts, type LocationIntake } from './location-intake.ts';
import { createLocationViews, type LocationViews, type ViewPorts } from './location-views.ts';

export type Jurisdiction = LocationIntake & LocationViews;

export const createJurisdiction = (ports: IntakePorts & ViewPorts): Jurisdiction => ({
  ...createLocationIntake(ports),
  ...createLocationViews(ports),
});
