import type { Instant } from '../../shared/time/clock.ts';
import type { Enforcement } from '../enforcement/enforcement.ts';
import { observationsOf, type Sensors, type SourceState } from './sensors.ts';

export interface LocationSampling {
  sample(): Promise<void>;
  /**
   * Reads the location again after the polygons of the orders have changed, because earlier positions were not compared with the new
   * polygons. Never rejects.
   */
  sampleIfPolygonsChanged(): void;
  sources(): readonly SourceState[];
}

export function createLocationSampling(ports: {
  readonly sensors: Sensors;
  readonly enforcement: Pick<Enforcement, 'evidence' | 'polygons'>;
  readonly now: () => Instant;
  readonly onSample: () => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}): LocationSampling {
  const { enforcement } = ports;
  const polygonCodes = () =>
    enforcement
      .polygons()
      .map(({ code }) => code)
      .join(' ');
  let sampledCodes = polygonCodes();
  let sources: readonly SourceState[] = [];

  const sample = async () => {
    const reading = await ports.sensors();
    sources = reading.sources ?? [];
    enforcement.evidence.observe(await observationsOf(reading, ports.now(), enforcement.polygons()));
    await ports.onSample();
  };

  return {
    sample,
    sampleIfPolygonsChanged() {
      const codes = polygonCodes();
      if (codes === sampledCodes) return;
      sampledCodes = codes;
      sample().catch(ports.onFailure);
    },
    sources: () => sources,
  };
}
