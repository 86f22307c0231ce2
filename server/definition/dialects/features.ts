/** Features files. */
import { templateOf } from '../../syntax/expressions/template.js';
import { readFeatures } from '../read/read-features.js';
import { featuresSchema } from '../schema/features.js';
import type { Candidate, Dialect, FeaturesDefinition } from './dialect.js';
import { againstWords, foreignSign, hasEntryOfOurs, unknownKey } from './signs.js';

export const featuresDialect: Dialect<FeaturesDefinition> = {
  kind: 'features',
  word: 'features file',
  defines: 'features',
  detect: {
    named: ({ stem }) => stem === 'features' || stem.endsWith('.features'),
    against: (file) => againstWords(file.top, KEYS) ?? againstTop(file),
    content: (file) =>
      /^entities[ \t]*:/m.test(file.text) &&
      /^views[ \t]*:/m.test(file.text) &&
      foreignSign(file.top) === undefined,
  },
  template: templateOf,
  schema: featuresSchema,
  read: (base) => ({ ...base, kind: 'features', features: readFeatures(base.tree, base.path) }),
};

const KEYS: readonly string[] = Object.keys(featuresSchema.properties);

const SERVICE_KEYS = ['features', 'description', 'owner', 'tags'];

function againstTop({ top, text }: Candidate): string | undefined {
  const sign = foreignSign(top);
  if (sign !== undefined) return sign;
  if (top.keys.has('entities') || top.keys.has('views')) return undefined;
  const unknown = unknownKey(top, KEYS);
  if (unknown !== undefined) return `\`${unknown}\``;
  // Compose has `services`, too.
  return !top.keys.has('services') || hasEntryOfOurs(text, 'services', SERVICE_KEYS)
    ? undefined
    : 'its `services`, which have no `features`';
}
