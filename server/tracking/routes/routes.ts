/** The table of all routes, and which of them a request means. */
import { EXPERIMENT_ROUTES } from './experiments.js';
import { MODEL_ROUTES } from './logged-models.js';
import { REGISTRY_ROUTES } from './registry.js';
import type { Route } from './route.js';
import { RUN_ROUTES } from './runs.js';
import { WireError, invalid } from '../wire/wire.js';

export const ROUTES: readonly Route[] = [
  ...EXPERIMENT_ROUTES,
  ...RUN_ROUTES,
  ...MODEL_ROUTES,
  ...REGISTRY_ROUTES,
];

const exact = new Map(ROUTES.map((route) => [`${route.method} ${route.path}`, route]));
const withNames = ROUTES.filter(({ path }) => path.includes('{')).map((route) => ({
  route,
  parts: route.path.split('/'),
}));

export interface Meant {
  readonly route: Route;
  /** Fields in the path. */
  readonly named: Readonly<Record<string, string>>;
}

/** @param path after the base path, as it was sent. Throws a `WireError` where there is no such route. */
export function routeOf(method: string, path: string): Meant {
  const route = exact.get(`${method} ${path}`);
  if (route !== undefined) return { route, named: {} };
  const parts = path.split('/');
  for (const one of withNames) {
    if (one.route.method !== method || one.parts.length !== parts.length) continue;
    const named: [string, string][] = [];
    const fits = one.parts.every((part, at) => {
      const given = parts[at] ?? '';
      if (!part.startsWith('{')) return part === given;
      named.push([part.slice(1, -1), decoded(given)]);
      return given !== '';
    });
    if (fits) return { route: one.route, named: Object.fromEntries(named) };
  }
  throw new WireError(
    'ENDPOINT_NOT_FOUND',
    `Modelyard has no ${method} ${path.slice(0, 200)}: docs/how-to/integrate/mlflow.md lists what is there.`,
  );
}

/** @throws WireError */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(`Invalid path ${JSON.stringify(text.slice(0, 80))}: it is not percent-encoded UTF-8.`);
  }
}
