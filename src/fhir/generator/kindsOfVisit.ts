import type { Condition } from '@medplum/fhirtypes';
import { utf8 } from '../../hash/bytes.ts';
import {
  ALLERGENS,
  BLOOD_COUNT,
  concept,
  METABOLIC_PANEL,
  PANELS,
  PROBLEMS,
  PROCEDURES,
  SENSITIVE_PROBLEM,
  VACCINES,
  VITAL_SIGNS,
  type Coded,
} from './clinicalTables.ts';
import { addObservation, addPrescriptions, addReport } from './findings.ts';
import type { Link, Visit } from './visit.ts';

/** Encounter, results and medication: with the context of five 24 entries and three records. */
export function checkUp(visit: Visit): void {
  for (const what of VITAL_SIGNS) addObservation(visit, what, 'vital-signs');
  addReport(visit, PANELS.bloodCount, BLOOD_COUNT);
  addReport(visit, PANELS.metabolic, METABOLIC_PANEL);
  addPrescriptions(visit, 4);
}

/** A new patient: what she has, what she does not stand, what she is protected against. */
export function firstVisit(visit: Visit): void {
  const { random, inChinese, patient, encounter } = visit;
  for (const problem of random.some(PROBLEMS, 2)) addProblem(visit, problem);
  visit.add({
    resourceType: 'AllergyIntolerance',
    clinicalStatus: status('allergyintolerance-clinical', 'active'),
    verificationStatus: status('allergyintolerance-verification', 'confirmed'),
    code: concept(random.pick(ALLERGENS), inChinese),
    patient,
    encounter,
    recordedDate: visit.at(20),
    recorder: visit.practitioner,
  });
  visit.add({
    resourceType: 'Immunization',
    status: 'completed',
    vaccineCode: concept(random.pick(VACCINES), inChinese),
    patient,
    encounter,
    occurrenceDateTime: visit.at(30),
    primarySource: true,
    location: visit.location,
  });
  addPrescriptions(visit, 1);
}

/** An operation with its letter, in the language of the patient. */
export function operation(visit: Visit): void {
  const { random, inChinese, patient, encounter } = visit;
  const what = random.pick(PROCEDURES);
  visit.add({
    resourceType: 'Procedure',
    status: 'completed',
    code: concept(what, inChinese),
    subject: patient,
    encounter,
    performedPeriod: { start: visit.at(5), end: visit.at(40) },
    performer: [{ actor: visit.practitioner }],
    location: visit.location,
  });
  const letter = inChinese
    ? `出院小结:${what.chinese},过程顺利,恢复良好。`
    : `Discharge letter: ${what.display} without complication, good recovery.`;
  const bytes = utf8(letter);
  visit.add({
    resourceType: 'DocumentReference',
    status: 'current',
    type: {
      coding: [{ system: 'http://loinc.org', code: '18842-5', display: 'Discharge summary' }],
    },
    subject: patient,
    date: visit.at(50),
    author: [visit.practitioner],
    content: [
      {
        attachment: {
          contentType: 'text/plain; charset=utf-8',
          language: inChinese ? 'zh-CN' : 'en',
          data: btoa(String.fromCharCode(...bytes)),
          size: bytes.length,
          title: inChinese ? '出院小结' : 'Discharge letter',
        },
      },
    ],
    context: { encounter: [encounter] },
  });
  addPrescriptions(visit, 1);
}

/** Care over time: a sensitive problem, its plan, and the bill. */
export function counselling(visit: Visit): void {
  const { inChinese, patient, encounter } = visit;
  const problem = addProblem(visit, SENSITIVE_PROBLEM);
  visit.add({
    resourceType: 'CarePlan',
    status: 'active',
    intent: 'plan',
    title: inChinese ? '随访计划' : 'Follow-up plan',
    subject: patient,
    encounter,
    period: { start: visit.at(0) },
    author: visit.practitioner,
    addresses: [problem],
  });
  addBill(visit);
}

function addBill(visit: Visit): void {
  const { inChinese, patient, encounter } = visit;
  const coverage = visit.add({
    resourceType: 'Coverage',
    status: 'active',
    beneficiary: patient,
    payor: [{ display: inChinese ? '互助保险' : 'Mutual insurance' }],
  });
  visit.add({
    resourceType: 'Claim',
    status: 'active',
    type: {
      coding: [
        { system: 'http://terminology.hl7.org/CodeSystem/claim-type', code: 'professional' },
      ],
    },
    use: 'claim',
    patient,
    created: visit.at(60),
    provider: visit.organization,
    priority: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/processpriority', code: 'normal' }],
    },
    insurance: [{ sequence: 1, focal: true, coverage }],
    item: [
      {
        sequence: 1,
        productOrService: { text: inChinese ? '心理咨询' : 'Counselling' },
        net: { value: visit.random.between(80, 240), currency: 'EUR' },
        encounter: [encounter],
      },
    ],
  });
}

function addProblem(visit: Visit, problem: Coded): Link<Condition> {
  return visit.add({
    resourceType: 'Condition',
    clinicalStatus: status('condition-clinical', 'active'),
    verificationStatus: status('condition-ver-status', 'confirmed'),
    code: concept(problem, visit.inChinese),
    subject: visit.patient,
    encounter: visit.encounter,
    recordedDate: visit.at(15),
    recorder: visit.practitioner,
  });
}

function status(system: string, code: string): { coding: { system: string; code: string }[] } {
  return { coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code }] };
}
