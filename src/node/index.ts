/** What runs a node: a hospital's daemon, a consensus node. */
export type { Components, Log, Self, Windows } from './components.ts';
export { type NodeSettings, type OpenNode, openNode } from './openNode.ts';
export { fhirReader } from './recording/fhirReader.ts';
export { type Accepted, submit } from './recording/submit.ts';
export { openHeld } from './holding/openHeld.ts';
export { type TraceStep, traceRecord } from '../trace/trace.ts';
