/** Carelattice: what every program of a network needs. The sides have doors of their own: `./client`, `./node`, `./localnet`. */
export { CarelatticeError, type ErrorFacts, hasCode, messageOf } from './errors.ts';
export type { Hex } from './hash/bytes.ts';
export type { KnownNode } from './domain/knownNode.ts';
export { CATEGORIES, type Category } from './fhir/categories.ts';
export { readBundle } from './fhir/bundle.ts';
export { validateBundle } from './fhir/validate.ts';
export { groupRecords } from './fhir/records.ts';
export { outcomeText, rejectedOutcome } from './fhir/outcome.ts';
export { typedDataOf, typedDigest } from './wire/typedData.ts';
