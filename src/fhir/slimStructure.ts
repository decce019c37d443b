import type {
  ElementDefinition,
  ElementDefinitionConstraint,
  StructureDefinition,
} from '@medplum/fhirtypes';

/** Key, FHIRPath expression and text of an invariant of severity error. */
export type SlimInvariant = readonly [key: string, expression: string, text: string];

/**
 * One element: path, cardinalities (-1 is unbounded; `baseMax` says whether JSON has an array), types
 * as `code` or `Reference>Target|Target`, indexes into the invariants, required value set,
 * content reference. Empty fields at the end are left out.
 */
export type SlimElement = readonly [
  path: string,
  min: number,
  max: number,
  baseMax: number,
  types: readonly string[],
  invariants?: readonly number[],
  valueSet?: string,
  contentReference?: string,
];

/** A FHIR R4 StructureDefinition without its texts; see scripts/upkeep/slimDefinitions.ts. */
export interface SlimStructure {
  readonly url: string;
  readonly kind: StructureDefinition['kind'];
  readonly type: string;
  readonly elements: readonly SlimElement[];
}

const BASE = 'http://hl7.org/fhir/StructureDefinition/';

/** The StructureDefinition that the validator loads. */
export function inflate(
  name: string,
  slim: SlimStructure,
  invariants: readonly SlimInvariant[],
): StructureDefinition {
  return {
    resourceType: 'StructureDefinition',
    url: slim.url,
    name,
    status: 'active',
    kind: slim.kind,
    abstract: false,
    type: slim.type,
    snapshot: { element: slim.elements.map((element) => inflateElement(element, invariants)) },
  };
}

function inflateElement(
  [path, min, max, baseMax, types, used = [], valueSet, contentReference]: SlimElement,
  invariants: readonly SlimInvariant[],
): ElementDefinition {
  const element: ElementDefinition = {
    path,
    min,
    max: max < 0 ? '*' : String(max),
    base: { path, min, max: baseMax < 0 ? '*' : String(baseMax) },
    constraint: [
      ...used.map((index) => constraintOf(invariants[index] ?? ['', 'true', ''])),
      ...(path.includes('.') ? invariantsOfTypes(types).map(constraintOf) : []),
    ],
  };
  // A content reference takes its types from the element it names.
  if (contentReference) element.contentReference = contentReference;
  else element.type = types.map(inflateType);
  if (valueSet) element.binding = { strength: 'required', valueSet };
  return element;
}

const constraintOf = ([key, expression, text]: SlimInvariant): ElementDefinitionConstraint => ({
  key,
  severity: 'error',
  human: text,
  expression,
});

/**
 * Invariants of data types that the validator has to be told at each element of the type: by itself it evaluates those
 * of resources and elements only. Period has its own rule (periodIssues): FHIRPath cannot compare dates of two precisions.
 */
const OF_TYPE: Readonly<Record<string, SlimInvariant>> = {
  Attachment: [
    'att-1',
    'data.empty() or contentType.exists()',
    'If the Attachment has data, it SHALL have a contentType',
  ],
  ContactPoint: [
    'cpt-2',
    'value.empty() or system.exists()',
    'A system is required if a value is provided.',
  ],
  Quantity: [
    'qty-3',
    'code.empty() or system.exists()',
    'If a code for the unit is present, the system SHALL also be present',
  ],
};

/** An element of several types has a value of one of them. */
function invariantsOfTypes(types: readonly string[]): SlimInvariant[] {
  return types.flatMap((type): SlimInvariant[] => {
    const name = QUANTITIES.has(type) ? 'Quantity' : type;
    const own = OF_TYPE[name];
    if (own === undefined) return [];
    const [key, expression, text] = own;
    return [
      [key, types.length === 1 ? expression : `($this is ${type}).not() or ${expression}`, text],
    ];
  });
}

/** Specialisations of Quantity. */
const QUANTITIES = new Set(['SimpleQuantity', 'Age', 'Count', 'Distance', 'Duration']);

function inflateType(type: string): { code: string; targetProfile?: string[] } {
  const [code = '', targets] = type.split('>');
  if (targets === undefined) return { code };
  const targetProfile = targets
    .split('|')
    .map((target) => (target.includes(':') ? target : BASE + target));
  return { code, targetProfile };
}
