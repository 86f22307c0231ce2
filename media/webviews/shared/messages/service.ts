/** What the Service panel and its webview say to each other. Types only. */
import type { ServiceItem, ServiceMetrics } from '../../../../server/protocol/index.js';

/** What the panel offers to do with a service; all else is in the Services view. */
export type PanelOrder = 'start' | 'promote' | 'rollBack';

/** Panel → service webview. */
export type ToService =
  | {
      readonly type: 'service';
      readonly service: ServiceItem;
      readonly metrics: ServiceMetrics;
      /** That was asked for, in ms. */
      readonly windowMs: number;
      /** Nothing is sent in Restricted Mode. */
      readonly canRun: boolean;
    }
  | { readonly type: 'missing'; readonly message: string };

/** Service webview → panel. */
export type FromService =
  | { readonly type: 'ready' }
  | { readonly type: 'window'; readonly windowMs: number }
  | { readonly type: 'openBrowser' }
  | { readonly type: 'openLog' }
  | { readonly type: 'sendSample' }
  | { readonly type: 'order'; readonly order: PanelOrder }
  | { readonly type: 'openRule'; readonly rule: string }
  | { readonly type: 'openVersion'; readonly model: string; readonly version: string }
  | { readonly type: 'openRun'; readonly id: string };
