/** Lines that a service's host writes down: its history, measurements, alerts and samples. */
import type { LineFormat } from '../../stores/disk/line-format.js';
import { refusedLines } from '../../stores/disk/line-format.js';
import type { StoreProblem } from '../../stores/disk/problem.js';
import type { ServicePlaces } from '../places.js';

export const SERVICE_LINES: LineFormat = { name: 'what a service writes down', version: 1, measured: true };

/** Why no host of this version may write to a service: a newer one has. */
export function refusedService(places: ServicePlaces): StoreProblem | undefined {
  const { history, metrics, coarseMetrics, alertHistory, samples } = places;
  for (const file of [history, metrics, coarseMetrics, alertHistory, samples]) {
    const problem = refusedLines(SERVICE_LINES, file);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
