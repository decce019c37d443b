import type { StatementTemplate } from './statementTemplate.ts';

/** The English statements. */

const wording = {
  language: 'en',
  dates: {
    form: '{day} {month} {year}, {time} UTC',
    months: [
      'January',
      'February',
      'March',
      'April',
      'May',
      'June',
      'July',
      'August',
      'September',
      'October',
      'November',
      'December',
    ],
  },
  lists: { between: '; ', either: '; or ', more: '{list}; and {count} more' },
  quoted: '“{text}”',
  words: {
    purpose: {
      TREAT: 'treatment',
      ETREAT: 'treatment in an emergency',
      HPAYMT: 'paying for health care',
      COVERAGE: 'finding out what the insurance covers',
      HOPERAT: 'running and checking the health service',
      HRESCH: 'medical research',
      PATRQT: 'what the patient asked for',
      PUBHLTH: 'public health',
      HMARKT: 'advertising health services',
    },
    category: {
      encounter: 'visits and stays',
      problem: 'diagnoses and health problems',
      medication: 'medicines',
      allergy: 'allergies',
      immunization: 'vaccinations',
      result: 'laboratory results and measurements',
      procedure: 'operations and other procedures',
      imaging: 'X-rays and other images',
      document: 'letters and other documents',
      'care-plan': 'care plans',
      financial: 'bills and insurance papers',
      'emergency-summary': 'the summary for emergencies',
    },
    label: {
      hiv: 'HIV',
      'mental-health': 'mental health',
      'sexual-reproductive': 'sexual and reproductive health',
      'substance-use': 'alcohol and drugs',
      R: 'restricted',
      V: 'very restricted',
    },
    role: {
      GUARD: 'guardian',
      PRN: 'parent',
      HPOWATT: 'representative for health matters',
      SPS: 'spouse',
      FAMMEMB: 'family member',
    },
  },
  exception: {
    categories: 'of the kind {list}',
    labels: 'marked as {list}',
    records: 'with the number {list}',
    readers: 'if the reader is {list}',
    between: ', ',
  },
} as const;

export const consentEn: StatementTemplate = {
  template: 1,
  struct: 'Consent',
  ...wording,
  lines: [
    { when: 'oneReader', text: 'I allow {granteeName} to read medical records.' },
    {
      when: 'anyReader',
      text: 'I allow every organisation that is admitted to the networks named below to read medical records.',
    },
    { when: 'own', text: 'I decide about these records with my account {patient}.' },
    {
      when: 'delegated',
      text: 'The person with the account {patient} decides about these records. I sign for this person, under the guardianship {guardianship}.',
    },
    { when: 'always', text: 'Purpose: {purpose}. No other purpose is allowed.' },
    { when: 'always', text: 'Kinds of records: {categories}.' },
    { when: 'labels', text: 'Also those that are marked as especially private: {labels}.' },
    { when: 'noLabels', text: 'None that are marked as especially private.' },
    { when: 'records', text: 'Only these records: {records}.' },
    { when: 'authors', text: 'Only records written by: {authors}.' },
    { when: 'dataFrom', text: 'Only about what happened on or after {dataFrom}.' },
    { when: 'dataTo', text: 'Only about what happened on or before {dataTo}.' },
    { when: 'exception', text: 'Not allowed: records {exception}.' },
    { when: 'always', text: 'This holds from {notBefore} until {notAfter}.' },
    { when: 'always', text: 'If it is not registered by {submitBy}, it never takes effect.' },
    { when: 'always', text: 'It holds in: {networks}.' },
    {
      when: 'always',
      text: 'I can take it back at any time with one signature, without giving a reason.',
    },
    { when: 'always', text: 'What was read before that cannot be called back.' },
  ],
};

export const guardianshipEn: StatementTemplate = {
  template: 2,
  struct: 'Guardianship',
  ...wording,
  lines: [
    {
      when: 'always',
      text: 'I am the person with the account {patient}. The person with the account {delegate} is my {role}.',
    },
    {
      when: 'always',
      text: 'I allow this person to decide for me who may read my medical records.',
    },
    { when: 'always', text: 'Kinds of records: {categories}.' },
    { when: 'always', text: 'This person cannot hand this right on to anybody.' },
    { when: 'always', text: 'This holds from {notBefore} until {notAfter}.' },
    { when: 'always', text: 'It holds in: {networks}.' },
    {
      when: 'always',
      text: 'I can take it back at any time with one signature, without giving a reason. Everything that was allowed under it then ends.',
    },
    { when: 'always', text: 'What was read before that cannot be called back.' },
  ],
};
