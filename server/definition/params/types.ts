/** What a param can be declared as. */
export const PARAM_TYPES = ['string', 'integer', 'number', 'boolean', 'list', 'object'] as const;

export type ParamType = (typeof PARAM_TYPES)[number];
