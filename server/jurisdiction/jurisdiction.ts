/**
 * Locations of devices. This module stores evidence, each device's location, and the index by which an order finds its devices. It computes
 * no verdict and knows no order. Devices convert coordinates to areas, so the server never receives coordinates.
 */
import { createLocationIntake, type IntakePorts, type LocationIntake } from './location-intake.ts';
import { createLocationViews, type LocationViews, type ViewPorts } from './location-views.ts';

export type Jurisdiction = LocationIntake & LocationViews;

export const createJurisdiction = (ports: IntakePorts & ViewPorts): Jurisdiction => ({
  ...createLocationIntake(ports),
  ...createLocationViews(ports),
});
