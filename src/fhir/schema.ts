import { loadDataType } from '@medplum/core';
import { invariants as invariantsJson, structures } from './definitions/structures.ts';
import { inflate, type SlimInvariant, type SlimStructure } from './slimStructure.ts';

let invariants: readonly SlimInvariant[] | undefined;
/** Parsed and not yet given to the validator; a type leaves when it is loaded. */
let waiting: Map<string, SlimStructure> | undefined;
let resourceTypes: ReadonlySet<string> = new Set();

/** All types that are no resource are loaded at first use, 0.1 s; resource types when first met. */
function open(): Map<string, SlimStructure> {
  if (waiting !== undefined) return waiting;
  // Our own generated text, so its shape is known.
  invariants = JSON.parse(invariantsJson) as SlimInvariant[];
  waiting = new Map(
    Object.entries(structures).map(([name, json]) => [name, JSON.parse(json) as SlimStructure]),
  );
  resourceTypes = new Set(
    [...waiting].filter(([name, slim]) => isConcrete(name, slim)).map(([name]) => name),
  );
  for (const name of [...waiting.keys()].filter((one) => !resourceTypes.has(one))) load(name);
  return waiting;
}

const isConcrete = (name: string, slim: SlimStructure): boolean =>
  slim.kind === 'resource' && name !== 'Resource' && name !== 'DomainResource';

function load(name: string): void {
  const slim = waiting?.get(name);
  if (slim === undefined || invariants === undefined) return;
  loadDataType(inflate(name, slim, invariants));
  waiting?.delete(name);
}

/** Whether `type` is a FHIR R4 resource type with a definition here; loads it for the validator. */
export function loadResourceType(type: string): boolean {
  open();
  if (!resourceTypes.has(type)) return false;
  load(type);
  return true;
}

/** All FHIR R4 resource types that can be validated. */
export function knownResourceTypes(): ReadonlySet<string> {
  open();
  return resourceTypes;
}
