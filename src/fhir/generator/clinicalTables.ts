import type { CodeableConcept } from '@medplum/fhirtypes';

const SNOMED = 'http://snomed.info/sct';
const LOINC = 'http://loinc.org';

/** One coded thing with its names in both languages. */
export interface Coded {
  readonly system: string;
  readonly code: string;
  readonly display: string;
  readonly chinese: string;
}

/** What is measured: LOINC code, UCUM unit, plausible range, decimals. */
export interface Measured extends Coded {
  readonly unit: string;
  readonly low: number;
  readonly high: number;
  readonly decimals: number;
}

const measured = (
  code: string,
  display: string,
  chinese: string,
  unit: string,
  low: number,
  high: number,
  decimals: number,
): Measured => ({ system: LOINC, code, display, chinese, unit, low, high, decimals });
const snomed = (code: string, display: string, chinese: string): Coded => ({
  system: SNOMED,
  code,
  display,
  chinese,
});

export const VITAL_SIGNS: readonly Measured[] = [
  measured('8867-4', 'Heart rate', '心率', '/min', 55, 95, 0),
  measured('9279-1', 'Respiratory rate', '呼吸频率', '/min', 12, 20, 0),
  measured('8310-5', 'Body temperature', '体温', 'Cel', 36, 38, 1),
  measured('29463-7', 'Body weight', '体重', 'kg', 48, 98, 1),
  measured('8302-2', 'Body height', '身高', 'cm', 150, 192, 0),
  measured(
    '59408-5',
    'Oxygen saturation in Arterial blood by Pulse oximetry',
    '血氧饱和度',
    '%',
    94,
    100,
    0,
  ),
];

export const BLOOD_COUNT: readonly Measured[] = [
  measured('718-7', 'Hemoglobin [Mass/volume] in Blood', '血红蛋白', 'g/dL', 11, 17, 1),
  measured(
    '6690-2',
    'Leukocytes [#/volume] in Blood by Automated count',
    '白细胞计数',
    '10*3/uL',
    4,
    11,
    1,
  ),
  measured(
    '777-3',
    'Platelets [#/volume] in Blood by Automated count',
    '血小板计数',
    '10*3/uL',
    150,
    400,
    0,
  ),
];

export const METABOLIC_PANEL: readonly Measured[] = [
  measured('2345-7', 'Glucose [Mass/volume] in Serum or Plasma', '血糖', 'mg/dL', 70, 140, 0),
  measured('2160-0', 'Creatinine [Mass/volume] in Serum or Plasma', '肌酐', 'mg/dL', 0.6, 1.4, 2),
  measured(
    '2093-3',
    'Cholesterol [Mass/volume] in Serum or Plasma',
    '总胆固醇',
    'mg/dL',
    140,
    260,
    0,
  ),
];

export const PANELS = {
  bloodCount: {
    system: LOINC,
    code: '58410-2',
    display: 'CBC panel - Blood by Automated count',
    chinese: '血常规',
  },
  metabolic: {
    system: LOINC,
    code: '24323-8',
    display: 'Comprehensive metabolic 2000 panel - Serum or Plasma',
    chinese: '生化全套',
  },
} as const satisfies Record<string, Coded>;

export const MEDICINES: readonly Coded[] = [
  snomed('387207008', 'Ibuprofen', '布洛芬'),
  snomed('372567009', 'Metformin', '二甲双胍'),
  snomed('387506000', 'Amlodipine', '氨氯地平'),
  snomed('373444002', 'Atorvastatin', '阿托伐他汀'),
  snomed('372525000', 'Omeprazole', '奥美拉唑'),
  snomed('372687004', 'Amoxicillin', '阿莫西林'),
];

export const PROBLEMS: readonly Coded[] = [
  snomed('38341003', 'Hypertensive disorder', '高血压'),
  snomed('44054006', 'Type 2 diabetes mellitus', '2型糖尿病'),
  snomed('195967001', 'Asthma', '哮喘'),
  snomed('444814009', 'Viral sinusitis', '病毒性鼻窦炎'),
];

/** A labelled one, so that a run holds a sensitive record. */
export const SENSITIVE_PROBLEM = snomed('370143000', 'Major depressive disorder', '重度抑郁症');

export const ALLERGENS: readonly Coded[] = [
  snomed('91936005', 'Allergy to penicillin', '青霉素过敏'),
  snomed('91935009', 'Allergy to peanut', '花生过敏'),
  snomed('300916003', 'Latex allergy', '乳胶过敏'),
];

export const VACCINES: readonly Coded[] = [
  {
    system: 'http://hl7.org/fhir/sid/cvx',
    code: '140',
    display: 'Influenza, seasonal, injectable, preservative free',
    chinese: '流感疫苗',
  },
  {
    system: 'http://hl7.org/fhir/sid/cvx',
    code: '113',
    display: 'Td (adult), 5 Lf tetanus toxoid, preservative free, adsorbed',
    chinese: '破伤风白喉疫苗',
  },
];

export const PROCEDURES: readonly Coded[] = [
  snomed('80146002', 'Appendectomy', '阑尾切除术'),
  snomed('73761001', 'Colonoscopy', '结肠镜检查'),
  snomed('399208008', 'Plain X-ray of chest', '胸部X线检查'),
];

/** The coding in English as the code system has it; the text in the language of the record. */
export function concept(
  { system, code, display, chinese }: Coded,
  inChinese: boolean,
): CodeableConcept {
  return { coding: [{ system, code, display }], text: inChinese ? chinese : display };
}
