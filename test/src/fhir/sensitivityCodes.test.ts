import { expect } from 'chai';
import { LABEL_CODES, SENSITIVITY_LABELS } from '../../../src/fhir/sensitivityCodes.ts';
import * as tables from '../../../src/fhir/generator/clinicalTables.ts';

/** Multiplication table of the dihedral group D5, rows by first factor. */
const D5 = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
];
/** The permutation of the Verhoeff scheme; applied once more at each digit from the right. */
const STEP = '1576283094';

/** Check digit of SNOMED CT identifiers (Verhoeff). */
function isSnomedId(code: string): boolean {
  let check = 0;
  [...code].reverse().forEach((digit, i) => {
    let permuted = Number(digit);
    for (let n = 0; n < i % 8; n++) permuted = Number(STEP[permuted]);
    check = Number(D5[check]?.[permuted]);
  });
  return /^\d{6,18}$/.test(code) && check === 0;
}

/** Check digit of LOINC numbers (Luhn). */
function isLoincNumber(code: string): boolean {
  const digits = code.replace('-', '');
  const sum = [...digits].reverse().reduce((total, digit, i) => {
    const twice = Number(digit) * (i % 2 === 0 ? 1 : 2);
    return total + (twice > 9 ? twice - 9 : twice);
  }, 0);
  return /^\d{1,5}-\d$/.test(code) && sum % 10 === 0;
}

const isValid = (code: string): boolean =>
  code.includes('-') ? isLoincNumber(code) : isSnomedId(code);

describe('code tables', () => {
  it('are checked by a rule that finds a wrong digit', () => {
    expect(['86406008', '2093-3'].map(isValid)).to.deep.equal([true, true]);
    expect(['86406009', '86460008', '2093-4', '2039-3'].map(isValid)).to.deep.equal([
      false,
      false,
      false,
      false,
    ]);
  });

  it('hold only identifiers with a right check digit', () => {
    const wrong = SENSITIVITY_LABELS.flatMap((label) => LABEL_CODES[label].exact.split(' ')).filter(
      (code) => !isValid(code),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('name each code once', () => {
    const all = SENSITIVITY_LABELS.flatMap((label) => LABEL_CODES[label].exact.split(' '));
    expect(new Set(all).size).to.equal(all.length);
  });

  it('of the generator hold only identifiers with a right check digit', () => {
    const coded: tables.Coded[] = [
      ...tables.VITAL_SIGNS,
      ...tables.BLOOD_COUNT,
      ...tables.METABOLIC_PANEL,
      ...Object.values(tables.PANELS),
      ...tables.MEDICINES,
      ...tables.PROBLEMS,
      tables.SENSITIVE_PROBLEM,
      ...tables.ALLERGENS,
      ...tables.PROCEDURES,
    ];
    expect(coded.map(({ code }) => code).filter((code) => !isValid(code))).to.deep.equal([]);
  });
});
