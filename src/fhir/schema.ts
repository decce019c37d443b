import { loadDataType } from '@medplum/core';
import { invariants as invariantsJson, structures } from './definitions/structures.ts';
import {
  inflate,
  type SlimElement,
  type SlimInvariant,
  type SlimStructure,
} from './slimStructure.ts';

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
  for (const { elements } of waiting.values()) for (const element of elements) noteBare(element);
  for (const name of [...waiting.keys()].filter((one) => !resourceTypes.has(one))) load(name);
  return waiting;
}

/** Types whose JSON form is a number or a truth value. */
const BARE = new Set(['boolean', 'decimal', 'integer', 'positiveInt', 'unsignedInt']);
const bareNames = new Set<string>();

function noteBare([path, , , , types]: SlimElement): void {
  const name = path.slice(path.lastIndexOf('.') + 1);
  for (const type of types.filter((one) => BARE.has(one))) {
    const choice = type.charAt(0).toUpperCase() + type.slice(1);
    bareNames.add(name.endsWith('[x]') ? name.slice(0, -3) + choice : name);
  }
}

/** Whether any FHIR R4 element of this name may be a number or a truth value. */
export function mayBeBare(name: string): boolean {
  open();
  return bareNames.has(name);
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
