import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  checkStatement,
  STATEMENT_TEMPLATES,
  statementOf,
} from '../../../src/domain/consentStatement.ts';
import { CarelatticeError, hasCode } from '../../../src/errors.ts';
import { CATEGORIES } from '../../../src/fhir/categories.ts';
import { SENSITIVITY_LABELS } from '../../../src/fhir/sensitivityCodes.ts';
import { showConsent } from '../../../src/wire/consent.ts';
import { PURPOSES } from '../../../src/wire/consentForm.ts';
import type { Consent } from '../../../src/wire/typedData.ts';
import { typedDataJson } from '../../../src/wire/typedDataJson.ts';
import { sampleAndChange } from '../wire/consentChanges.ts';
import {
  DURING,
  idOf,
  networkId,
  sampleConsent,
  sampleGuardianship,
  scopeOf,
} from '../wire/consentFixture.ts';

const codeOf = (act: () => void): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof CarelatticeError) return error.code;
    throw error;
  }
  return 'none';
};
const spoiled = (change: Partial<Consent>): string =>
  codeOf(() => {
    checkStatement({ ...sampleConsent(), ...change });
  });

describe('consentStatement', () => {
  for (const template of STATEMENT_TEMPLATES) {
    const name = `${template.template}.${template.language}`;

    it(`has template ${name} as vectors/statements has it`, () => {
      const kept: unknown = JSON.parse(readFileSync(`vectors/statements/${name}.json`, 'utf8'));
      expect(template).to.deep.equal(kept);
    });

    it(`has in ${name} a word for every category, purpose and label`, () => {
      expect(template.words.category).to.have.all.keys(...CATEGORIES);
      expect(template.words.purpose).to.have.all.keys(...PURPOSES);
      expect(template.words.label).to.include.all.keys(...SENSITIVITY_LABELS, 'R', 'V');
      expect(template.dates.months).to.have.lengthOf(12);
    });
  }

  it('writes the texts of the vectors', () => {
    const vectors = JSON.parse(readFileSync('vectors/consent.json', 'utf8')) as {
      struct: 'Consent' | 'Guardianship';
      message: { statement: string };
    }[];
    for (const { struct, message } of vectors) {
      const document =
        struct === 'Consent'
          ? typedDataJson('Consent').parse(message)
          : typedDataJson('Guardianship').parse(message);
      expect(statementOf(document)).to.equal(message.statement);
    }
  });

  it('says who, what for, what, until when, where, and that it can be taken back', () => {
    expect(sampleConsent().statement.split('\n')).to.deep.equal([
      'I allow “Westside Clinic” to read medical records.',
      `I decide about these records with my account ${sampleConsent().patient}.`,
      'Purpose: treatment. No other purpose is allowed.',
      'Kinds of records: laboratory results and measurements; medicines.',
      'None that are marked as especially private.',
      'This holds from 21 September 2026, 13:56:40 UTC until 21 September 2026, 14:30 UTC.',
      'If it is not registered by 21 September 2026, 14:13:20 UTC, it never takes effect.',
      'It holds in: “Riverside”.',
      'I can take it back at any time with one signature, without giving a reason.',
      'What was read before that cannot be called back.',
    ]);
    expect(sampleConsent({ language: 'zh' }).statement.split('\n')).to.deep.equal([
      '我允许“Westside Clinic”查阅医疗记录。',
      `我以账户 ${sampleConsent().patient} 对这些记录作出决定。`,
      '用途：治疗。不得用于其他用途。',
      '记录种类：化验和测量结果、用药记录。',
      '不包括任何标记为特别隐私的记录。',
      '本许可自 2026年9月21日 13:56:40 UTC 起，至 2026年9月21日 14:30 UTC 止有效。',
      '如果在 2026年9月21日 14:13:20 UTC 之前没有登记，则永不生效。',
      '适用网络：“Riverside”。',
      '我可以随时用一次签名撤回本许可，无需说明理由。',
      '撤回之前已经被查阅的内容无法收回。',
    ]);
  });

  it('names every category, label and network, however many', () => {
    for (const language of ['en', 'zh']) {
      const networks = Array.from({ length: 32 }, (_, index) => scopeOf(`network ${index}`));
      const { statement } = sampleConsent({
        language,
        categories: [...CATEGORIES],
        sensitivity: [...SENSITIVITY_LABELS, 'R', 'V', 'A', 'B', 'C', 'D'],
        networks,
        networkNames: networks.map((_, index) => `Network ${index}`),
      });
      const template = STATEMENT_TEMPLATES.find((one) => one.language === language);
      for (const word of Object.values({ ...template?.words.category, ...template?.words.label }))
        expect(statement).to.include(word);
      for (const name of ['“D”', '“Network 0”', '“Network 31”']) expect(statement).to.include(name);
    }
  });

  it('counts ids that are more than a person reads', () => {
    const anchors = Array.from({ length: 20 }, (_, index) => idOf(`record ${index}`));
    const text = sampleConsent({ anchors }).statement;
    expect(text).to.match(/Only these records: (0x[0-9a-f]{8}…; ){7}0x[0-9a-f]{8}…; and 12 more\./);
  });

  it('is the same for the verifier, who sees hashes in the place of networks', () => {
    const consent = sampleConsent({ sensitivity: ['hiv'], authors: [idOf('a')] });
    expect(statementOf(showConsent(consent, networkId))).to.equal(consent.statement);
  });

  it('hostile 17: refuses a text that does not match a visible field', () => {
    expect(spoiled({})).to.equal('none');
    const changes: Partial<Consent>[] = [
      { granteeName: 'Eastside Laboratory' },
      { purpose: 'HMARKT' },
      { categories: ['result', 'medication', 'problem'] },
      { sensitivity: ['hiv'] },
      { anchors: [idOf('a')] },
      { authors: [idOf('a')] },
      { dataFrom: 1n },
      { dataTo: 1n },
      { notBefore: DURING },
      { notAfter: DURING * 2n },
      { submitBy: DURING + 1n },
      { networkNames: ['Lakeside'] },
      { guardianship: idOf('g') },
      { patient: `0x${'11'.repeat(20)}` },
      { except: [{ readers: [], categories: ['result'], sensitivity: [], anchors: [] }] },
      { language: 'zh' },
      { statement: `${sampleConsent().statement} And everything else.` },
      { statement: `${sampleConsent().statement}\n` },
      { statement: sampleConsent().statement.replace('None that', 'All that') },
    ];
    for (const change of changes) {
      expect(spoiled(change), JSON.stringify(Object.keys(change))).to.equal('StatementMismatch');
    }
  });

  it('hostile 17: refuses the text of a guardianship that does not match', () => {
    const sample = sampleGuardianship();
    checkStatement(sample);
    for (const change of [{ role: 'SPS' }, { delegate: sample.patient }, { notAfter: 1n }]) {
      const act = (): void => {
        checkStatement({ ...sample, ...change });
      };
      expect(codeOf(act)).to.equal('StatementMismatch');
    }
  });

  it('tells the first line that is wrong, and nothing of the text', () => {
    try {
      checkStatement({ ...sampleConsent(), purpose: 'HMARKT' });
      expect.fail('the text does not match');
    } catch (error) {
      if (!hasCode(error, 'StatementMismatch')) throw error;
      expect(error.facts).to.deep.equal({ line: 3 });
    }
  });

  it('knows no other template, language or struct', () => {
    expect(spoiled({ template: 9 })).to.equal('UnknownTemplate');
    expect(spoiled({ language: 'fr' })).to.equal('UnknownTemplate');
    expect(spoiled({ template: 2 })).to.equal('UnknownTemplate');
  });

  it('has no text for a category, purpose or role without a word', () => {
    expect(spoiled({ categories: ['everything'] })).to.equal('MalformedConsent');
    expect(spoiled({ categories: ['toString'] })).to.equal('MalformedConsent');
    expect(spoiled({ purpose: 'CURIOSITY' })).to.equal('MalformedConsent');
    expect(codeOf(() => statementOf({ ...sampleGuardianship(), role: 'X' }))).to.equal(
      'MalformedConsent',
    );
  });

  it('hostile 11: fits no consent of which a field of the text changed', () => {
    const hidden = ['epoch', 'nonce', 'home', 'networks', 'actions', 'grantee'] as const;
    fc.assert(
      fc.property(sampleAndChange(...hidden), ([, changed]) => {
        const act = (): void => {
          checkStatement(changed);
        };
        expect(codeOf(act)).to.be.oneOf([
          'StatementMismatch',
          'UnknownTemplate',
          'MalformedConsent',
        ]);
      }),
      { numRuns: 300 },
    );
  });
});
