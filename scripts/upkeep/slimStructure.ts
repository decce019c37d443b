import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import type { SlimElement, SlimInvariant, SlimStructure } from '../../src/fhir/slimStructure.ts';

const BASE = 'http://hl7.org/fhir/StructureDefinition/';
const FHIR_TYPE = BASE + 'structuredefinition-fhir-type';
/** The validator skips them: ele-1 says what the JSON rules say already, the others cannot be evaluated. */
const SKIPPED = new Set(['ele-1', 'dom-3', 'org-1', 'sdf-19']);

export interface SlimTable {
  readonly invariants: SlimInvariant[];
  indexOf(invariant: SlimInvariant): number;
}

/** Invariants repeat in most types: they are kept once. */
export function slimTable(): SlimTable {
  const invariants: SlimInvariant[] = [];
  const known = new Map<string, number>();
  return {
    invariants,
    indexOf(invariant) {
      const key = JSON.stringify(invariant);
      const index = known.get(key) ?? invariants.push(invariant) - 1;
      known.set(key, index);
      return index;
    },
  };
}

function typesOf(element: ElementDefinition): string[] {
  return (element.type ?? []).map((type) => {
    const code = type.extension?.find(({ url }) => url === FHIR_TYPE)?.valueUrl ?? type.code;
    const targets = (type.targetProfile ?? []).map((profile) =>
      profile.startsWith(BASE) ? profile.slice(BASE.length) : profile,
    );
    return targets.length === 0 ? code : `${code}>${targets.join('|')}`;
  });
}

/** Slices and profiles do not occur in the base definitions that are kept. */
export function slimStructure(
  sd: StructureDefinition,
  table: SlimTable,
  bindings: Set<string>,
): SlimStructure {
  const elements = (sd.snapshot?.element ?? []).map((element): SlimElement => {
    if (element.sliceName !== undefined) throw new Error(`slice in ${sd.name}: ${element.id}`);
    const invariants = (element.constraint ?? [])
      .filter(({ key, severity }) => severity === 'error' && !SKIPPED.has(key ?? ''))
      .map(({ key, expression, human }) =>
        table.indexOf([key ?? '', expression ?? '', human ?? '']),
      );
    const required =
      element.binding?.strength === 'required'
        ? element.binding.valueSet?.split('|')[0]
        : undefined;
    if (required !== undefined) bindings.add(required);
    const max = element.max === '*' ? -1 : Number(element.max);
    const baseMax = element.base?.max === '*' ? -1 : Number(element.base?.max ?? element.max);
    const slim: SlimElement = [
      element.path,
      element.min ?? 0,
      max,
      baseMax,
      typesOf(element),
      invariants,
      required ?? '',
      element.contentReference ?? '',
    ];
    return trimmed(slim);
  });
  return { url: sd.url, kind: sd.kind, type: sd.type, elements };
}

/** Empty fields at the end are left out. */
function trimmed(element: SlimElement): SlimElement {
  const fields: unknown[] = [...element];
  while (fields.length > 5) {
    const last = fields.at(-1);
    if (last !== '' && !(Array.isArray(last) && last.length === 0)) break;
    fields.pop();
  }
  return fields as unknown as SlimElement; // the fields left out are the optional ones
}
