import type { CodeableConcept, DiagnosticReport, Observation } from '@medplum/fhirtypes';
import { concept, MEDICINES, type Coded, type Measured } from './clinicalTables.ts';
import type { Link, Visit } from './visit.ts';

const CATEGORY_SYSTEM = 'http://terminology.hl7.org/CodeSystem/observation-category';

function observationCategory(code: 'vital-signs' | 'laboratory'): CodeableConcept[] {
  return [{ coding: [{ system: CATEGORY_SYSTEM, code }] }];
}

export function addObservation(
  visit: Visit,
  what: Measured,
  category: 'vital-signs' | 'laboratory',
): Link<Observation> {
  const scale = 10 ** what.decimals;
  const value = visit.random.between(what.low * scale, what.high * scale) / scale;
  return visit.add({
    resourceType: 'Observation',
    status: 'final',
    category: observationCategory(category),
    code: concept(what, visit.inChinese),
    subject: visit.patient,
    encounter: visit.encounter,
    effectiveDateTime: visit.at(10),
    issued: visit.at(30),
    performer: [visit.practitioner],
    valueQuantity: { value, unit: what.unit, system: 'http://unitsofmeasure.org', code: what.unit },
  });
}

/** A laboratory report and the observations it sums up. */
export function addReport(
  visit: Visit,
  panel: Coded,
  measured: readonly Measured[],
): Link<DiagnosticReport> {
  const result = measured.map((what) => addObservation(visit, what, 'laboratory'));
  return visit.add({
    resourceType: 'DiagnosticReport',
    status: 'final',
    category: [
      { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0074', code: 'LAB' }] },
    ],
    code: concept(panel, visit.inChinese),
    subject: visit.patient,
    encounter: visit.encounter,
    effectiveDateTime: visit.at(10),
    issued: visit.at(40),
    performer: [visit.organization],
    result,
  });
}

/** `count` prescriptions; the first names a Medication entry of its own, as hospital systems do. */
export function addPrescriptions(visit: Visit, count: number): void {
  for (const [i, medicine] of visit.random.some(MEDICINES, count).entries()) {
    const code = concept(medicine, visit.inChinese);
    const what =
      i === 0
        ? { medicationReference: visit.add({ resourceType: 'Medication', code }) }
        : { medicationCodeableConcept: code };
    visit.add({
      resourceType: 'MedicationRequest',
      status: 'active',
      intent: 'order',
      ...what,
      subject: visit.patient,
      encounter: visit.encounter,
      authoredOn: visit.at(35),
      requester: visit.practitioner,
      dosageInstruction: [
        { text: visit.inChinese ? '每日一次,饭后服用' : 'one tablet a day after a meal' },
      ],
    });
  }
}
