import type { Resource } from '@medplum/fhirtypes';
import { objectsOf, textOf, type JsonObject } from './json.ts';

/** What consents, scope keys and records name (`messages.md` 4). */
export const CATEGORIES = [
  'encounter',
  'problem',
  'medication',
  'allergy',
  'immunization',
  'result',
  'procedure',
  'imaging',
  'document',
  'care-plan',
  'financial',
  'emergency-summary',
] as const;

export type Category = (typeof CATEGORIES)[number];

/** Resource types by category. Observation, DiagnosticReport, ServiceRequest: see `categoryOf`. */
const TYPES: Readonly<Record<Exclude<Category, 'emergency-summary'>, string>> = {
  encounter: 'Encounter EpisodeOfCare Appointment AppointmentResponse Schedule Slot Task',
  problem:
    'Condition AdverseEvent ClinicalImpression DetectedIssue FamilyMemberHistory Flag RiskAssessment BodyStructure',
  medication: 'MedicationRequest MedicationStatement MedicationAdministration MedicationDispense',
  allergy: 'AllergyIntolerance',
  immunization: 'Immunization ImmunizationEvaluation ImmunizationRecommendation',
  result: 'Observation DiagnosticReport Specimen MolecularSequence',
  procedure:
    'Procedure ServiceRequest DeviceRequest DeviceUseStatement SupplyRequest SupplyDelivery VisionPrescription BiologicallyDerivedProduct',
  imaging: 'ImagingStudy Media',
  document:
    'DocumentReference DocumentManifest Composition Binary Consent QuestionnaireResponse Communication CommunicationRequest List Provenance AuditEvent Basic',
  'care-plan': 'CarePlan CareTeam Goal NutritionOrder RequestGroup GuidanceResponse',
  financial:
    'Claim ClaimResponse ExplanationOfBenefit CoverageEligibilityRequest CoverageEligibilityResponse Account ChargeItem Invoice PaymentNotice PaymentReconciliation EnrollmentRequest EnrollmentResponse Contract',
};

const BY_TYPE: ReadonlyMap<string, Category> = new Map(
  Object.entries(TYPES).flatMap(([category, types]) =>
    // The keys are categories by the type of the table.
    types.split(' ').map((type) => [type, category as Category] as const),
  ),
);

/**
 * Context: copied into every record that refers to it. The category is where one goes that nothing
 * refers to, so that it is not lost.
 */
const CONTEXT: ReadonlyMap<string, Category> = new Map(
  Object.entries({
    Patient: 'encounter',
    Practitioner: 'encounter',
    PractitionerRole: 'encounter',
    RelatedPerson: 'encounter',
    Person: 'encounter',
    Group: 'encounter',
    Organization: 'encounter',
    OrganizationAffiliation: 'encounter',
    Location: 'encounter',
    HealthcareService: 'encounter',
    Endpoint: 'encounter',
    Device: 'procedure',
    DeviceDefinition: 'procedure',
    DeviceMetric: 'procedure',
    Medication: 'medication',
    MedicationKnowledge: 'medication',
    Substance: 'medication',
    InsurancePlan: 'financial',
    Coverage: 'financial',
  } as const),
);

const DIRECTORY = new Set(
  'Organization OrganizationAffiliation Practitioner PractitionerRole Location HealthcareService Endpoint'.split(
    ' ',
  ),
);

/** Types that are copied with what refers to them, instead of being content of their own. */
export const isContextType = (type: string): boolean => CONTEXT.has(type);

/** Types that say nothing about a patient: who and where. */
export const isDirectoryType = (type: string): boolean => DIRECTORY.has(type);

/**
 * The category of a resource. An Observation, DiagnosticReport or ServiceRequest whose own category says
 * imaging or procedure is that; an Observation of any other kind (laboratory, vital signs, survey, social
 * history, exam) and any other report is a result; a request for laboratory work is a result too.
 * Types of no table (questionnaires and other definitions) are documents.
 */
export function categoryOf(resource: Resource): Category {
  const type = resource.resourceType;
  const byType = BY_TYPE.get(type) ?? CONTEXT.get(type) ?? 'document';
  if (type !== 'Observation' && type !== 'DiagnosticReport' && type !== 'ServiceRequest')
    return byType;
  const codes = objectsOf((resource as unknown as JsonObject)['category']) // same member in all three
    .flatMap(({ coding }) => objectsOf(coding))
    .map(({ code }) => textOf(code) ?? '');
  if (codes.some((code) => IMAGING.has(code))) return 'imaging';
  if (codes.some((code) => PROCEDURE.has(code))) return 'procedure';
  if (type === 'ServiceRequest' && codes.some((code) => LABORATORY.has(code))) return 'result';
  return byType;
}

/** observation-category, v2 table 0074, LOINC parts of report categories, SNOMED CT. */
const IMAGING = new Set(
  'imaging RAD RUS RX CT NMR NMS NRS CUS VUS OUS XRC EC LP29684-5 LP29708-2 363679005 394914008'.split(
    ' ',
  ),
);
const PROCEDURE = new Set('procedure 387713003 71388002'.split(' '));
const LABORATORY = new Set('laboratory LAB 108252007 15220000'.split(' '));
