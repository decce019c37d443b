import { expect } from 'chai';
import fc from 'fast-check';
import {
  CONSENT_CHECKS,
  consentRefusal,
  type ConsentUse,
  recordRefusal,
  type RecordFacts,
} from '../../../src/domain/consentRules.ts';
import { type Hex, ZERO_32 } from '../../../src/hash/bytes.ts';
import {
  ANY_ADMITTED_NODE,
  consentDigest,
  guardianshipDigest,
  showConsent,
  showGuardianship,
} from '../../../src/wire/consent.ts';
import type { Consent, Guardianship } from '../../../src/wire/typedData.ts';
import { sampleAndChange } from '../wire/consentChanges.ts';
import {
  accountNamed,
  delegate,
  DURING,
  federationId,
  idOf,
  networkId,
  patient,
  reader,
  sampleConsent,
  sampleGuardianship,
  scopeOf,
} from '../wire/consentFixture.ts';

const other = idOf('Eastside Laboratory');
const granted = { state: 1, grantedAt: DURING - 10n };
const none = { state: 0, grantedAt: 0n };
const names: ReadonlyMap<Hex, string> = new Map([
  [reader, 'Westside Clinic'],
  [other, 'Eastside Laboratory'],
]);

const { registry, patientId, chainId } = scopeOf('network');
const own: ConsentUse['own'] = {
  networkId,
  chainId,
  registry,
  patientId,
  authority: patient,
  granteeOf: (nodeId) => {
    const name = names.get(nodeId);
    return name === undefined ? undefined : { name, state: 'admitted' };
  },
};

/** A use that is allowed, changed. */
function useOf(change: Partial<Consent> = {}, request: Partial<ConsentUse> = {}): ConsentUse {
  return {
    consent: showConsent(sampleConsent(change), change.networks?.[0]?.networkId ?? networkId),
    signer: patient,
    status: granted,
    own,
    chainTime: DURING,
    reader,
    purpose: 'TREAT',
    action: 'access',
    ...request,
  };
}

/** A use of a consent that a delegate signed. */
function delegatedUse(
  change: Partial<Guardianship> = {},
  request: Partial<ConsentUse> = {},
  consent: Partial<Consent> = {},
): ConsentUse {
  const message = sampleGuardianship(change);
  const digest = guardianshipDigest(federationId, message);
  const guardian = {
    message: showGuardianship(message, message.networks[0]?.networkId ?? networkId),
    digest,
    status: granted,
    consentStatus: none,
  };
  return useOf({ guardianship: digest, ...consent }, { signer: delegate, guardian, ...request });
}

const codeOf = (use: ConsentUse): string => consentRefusal(use)?.code ?? 'allowed';

describe('consentRules', () => {
  it('allow what the patient signed', () => {
    expect(codeOf(useOf())).to.equal('allowed');
    expect(codeOf(useOf({ language: 'zh' }))).to.equal('allowed');
    expect(codeOf(useOf({ grantee: ANY_ADMITTED_NODE, granteeName: '' }))).to.equal('allowed');
  });

  it('hostile 8: refuse a consent in a network that it does not name', () => {
    const networks = [scopeOf('lake')];
    expect(codeOf(useOf({ networks, home: idOf('lake') }))).to.equal('NotThisNetwork');
    const elsewhere = { ...scopeOf('network'), chainId: 1n };
    expect(codeOf(useOf({ networks: [elsewhere] }))).to.equal('NotThisNetwork');
  });

  it('hostile 9: refuse a consent at a second registry on the same chain', () => {
    const use = useOf({}, { own: { ...own, registry: accountNamed('second') } });
    expect(codeOf(use)).to.equal('NotThisRegistry');
  });

  it('hostile 10: refuse a consent in a twin network of equal chain id and address', () => {
    const use = useOf({}, { own: { ...own, networkId: idOf('twin') } });
    expect(codeOf(use)).to.equal('NotThisNetwork');
  });

  it('refuse another patient, an unknown one, and an account that is not hers', () => {
    const at = (change: Partial<ConsentUse['own']>): string =>
      codeOf(useOf({}, { own: { ...own, ...change } }));
    expect(at({ patientId: idOf('somebody') })).to.equal('NotThisPatient');
    expect(at({ authority: undefined })).to.equal('UnknownPatient');
    expect(at({ authority: delegate })).to.equal('NotHerSigner');
    expect(codeOf(useOf({}, { signer: delegate }))).to.equal('NotHerSigner');
  });

  it('hostile 39: go by the time of the chain alone', () => {
    const at = (chainTime: bigint): string => codeOf(useOf({}, { chainTime }));
    expect(at(DURING - 1001n)).to.equal('NotYetValid');
    expect(at(DURING - 1000n)).to.equal('allowed');
    expect(at(DURING + 1000n)).to.equal('allowed');
    expect(at(DURING + 1001n)).to.equal('Expired');
  });

  it('refuse what was granted too late, never, or taken back', () => {
    const at = (state: number, grantedAt: bigint): string =>
      codeOf(useOf({}, { status: { state, grantedAt } }));
    expect(at(1, DURING)).to.equal('allowed');
    expect(at(1, DURING + 1n)).to.equal('GrantedTooLate');
    expect(at(0, 0n)).to.equal('NotGranted');
    expect(at(2, DURING - 10n)).to.equal('Revoked');
    expect(at(2, 0n)).to.equal('Revoked');
    expect(at(3, 0n)).to.equal('Revoked');
  });

  it('refuse another reader, one that is not admitted, and one under a wrong name', () => {
    expect(codeOf(useOf({}, { reader: other }))).to.equal('WrongReader');
    const all = { grantee: ANY_ADMITTED_NODE, granteeName: '' };
    expect(codeOf(useOf(all, { reader: idOf('stranger') }))).to.equal('WrongReader');
    const suspended = { ...own, granteeOf: () => ({ name: 'W', state: 'suspended' as const }) };
    expect(codeOf(useOf({}, { own: suspended }))).to.equal('WrongReader');
    expect(codeOf(useOf({ granteeName: 'Eastside Laboratory' }))).to.equal('GranteeNameMismatch');
  });

  it('refuse another purpose and another action', () => {
    expect(codeOf(useOf({}, { purpose: 'HMARKT' }))).to.equal('WrongPurpose');
    expect(codeOf(useOf({}, { action: 'erase' }))).to.equal('WrongAction');
  });

  it('name the home whose revocations are needed, and refuse until they are known', () => {
    const two = { networks: [scopeOf('network'), scopeOf('lake')], networkNames: ['a', 'b'] };
    expect(codeOf(useOf(two))).to.equal('allowed');
    const refusal = consentRefusal(useOf({ ...two, home: idOf('lake') }));
    expect(refusal?.code).to.equal('HomeUnknown');
    expect(refusal?.facts).to.deep.equal({ needsHome: idOf('lake') });
  });

  it('hostile 17: refuse a text that does not match, before anything else', () => {
    const statement = sampleConsent().statement.replace('treatment', 'research');
    const use = useOf({ statement }, { own: { ...own, networkId: idOf('twin') } });
    expect(codeOf(use)).to.equal('StatementMismatch');
    const guardian = delegatedUse({ statement: 'I allow everything.' });
    expect(codeOf(guardian)).to.equal('StatementMismatch');
  });

  it('give the first refusal in their order', () => {
    const worst = useOf({}, { own: { ...own, networkId: idOf('twin'), authority: undefined } });
    expect(codeOf({ ...worst, chainTime: 0n, purpose: 'x', status: none })).to.equal(
      'NotThisNetwork',
    );
    expect(CONSENT_CHECKS).to.have.lengthOf(12);
  });

  it('hostile 11: find no digest granted when any single field changes', () => {
    const use = (consent: Consent, digest: Hex): ConsentUse => ({
      ...useOf(),
      consent: showConsent(consent, networkId),
      status: consentDigest(federationId, consent) === digest ? granted : none,
    });
    fc.assert(
      fc.property(sampleAndChange('networks'), ([consent, changed]) => {
        const digest = consentDigest(federationId, consent);
        expect(codeOf(use(consent, digest))).to.equal('allowed');
        expect(codeOf(use(changed, digest))).not.to.equal('allowed');
      }),
      { numRuns: 300 },
    );
  });
});

describe('consentRules under a guardianship', () => {
  it('allow what a delegate signed within it', () => {
    expect(codeOf(delegatedUse())).to.equal('allowed');
  });

  it('hostile 19: refuse a guardian outside her scope', () => {
    expect(codeOf(delegatedUse({ categories: ['result'] }))).to.equal('OutsideGuardianship');
    const two = { networks: [scopeOf('network'), scopeOf('lake')], networkNames: ['a', 'b'] };
    const moved = delegatedUse({ ...two, home: idOf('lake') }, {}, two);
    expect(codeOf(moved)).to.equal('OutsideGuardianship');
  });

  it('hostile 19: refuse a guardian before the begin and after the end', () => {
    expect(codeOf(delegatedUse({}, { chainTime: DURING - 501n }))).to.equal('NotYetValid');
    expect(codeOf(delegatedUse({}, { chainTime: DURING + 500n }))).to.equal('allowed');
    expect(codeOf(delegatedUse({}, { chainTime: DURING + 501n }))).to.equal('Expired');
  });

  it('refuse when the guardianship is for elsewhere', () => {
    const lake = { networks: [scopeOf('lake')], home: idOf('lake') };
    expect(codeOf(delegatedUse(lake))).to.equal('NotThisNetwork');
    const second = { ...scopeOf('network'), registry: accountNamed('second') };
    expect(codeOf(delegatedUse({ networks: [second] }))).to.equal('NotThisRegistry');
    const somebody = { ...scopeOf('network'), patientId: idOf('somebody') };
    expect(codeOf(delegatedUse({ networks: [somebody] }))).to.equal('NotThisPatient');
  });

  it('refuse when guardianship or consent was taken back by either of them', () => {
    const { guardian } = delegatedUse();
    if (guardian === undefined) throw new Error('there is one');
    const taken = { state: 2, grantedAt: 0n };
    const at = (change: Partial<typeof guardian>): string =>
      codeOf(delegatedUse({}, { guardian: { ...guardian, ...change } }));
    expect(at({ status: none })).to.equal('NotGranted');
    expect(at({ status: taken })).to.equal('Revoked');
    expect(at({ consentStatus: taken })).to.equal('Revoked');
    expect(codeOf(delegatedUse({}, { status: taken }))).to.equal('Revoked');
  });

  it('refuse when it is missing, another one, or names another delegate', () => {
    const { guardian: _, ...without } = delegatedUse();
    expect(codeOf(without)).to.equal('NotHerSigner');
    const another = delegatedUse({ nonce: 1n }).guardian;
    if (another === undefined) throw new Error('there is one');
    expect(codeOf(delegatedUse({}, { guardian: another }))).to.equal('NotHerSigner');
    expect(codeOf(delegatedUse({ delegate: accountNamed('x') }))).to.equal('NotHerSigner');
    expect(codeOf(delegatedUse({}, { signer: patient }))).to.equal('NotHerSigner');
  });

  it('hostile 20: refuse a delegate who delegates further', () => {
    // The delegate signs a guardianship as if she were the patient; the chain may even hold its grant.
    const further = accountNamed('further');
    const chained = { patient: delegate, delegate: further };
    expect(codeOf(delegatedUse(chained, { signer: further }))).to.equal('NotHerSigner');
    // Or as if the patient had: then it stands under the delegate's account, not under hers.
    const { guardian } = delegatedUse({ delegate: further });
    if (guardian === undefined) throw new Error('there is one');
    const forged = delegatedUse(
      { delegate: further },
      { signer: further, guardian: { ...guardian, status: none } },
    );
    expect(codeOf(forged)).to.equal('NotGranted');
  });

  it('leave a guardianship alone that the consent does not name', () => {
    const { guardian } = delegatedUse({ categories: ['imaging'] });
    if (guardian === undefined) throw new Error('there is one');
    expect(codeOf(useOf({ guardianship: ZERO_32 }, { guardian }))).to.equal('allowed');
  });
});

const record: RecordFacts = {
  category: 'result',
  sensitivity: [],
  anchor: idOf('record'),
  author: idOf('Northside Hospital'),
  eventFrom: 1000n,
  eventTo: 2000n,
};

/** The verdict on a record, changed, under a consent, changed. */
const verdict = (consent: Partial<Consent>, change: Partial<RecordFacts> = {}): string =>
  recordRefusal(showConsent(sampleConsent(consent), networkId), reader, { ...record, ...change })
    ?.code ?? 'allowed';

describe('consentRules for a record', () => {
  it('allow what the consent names', () => {
    expect(verdict({})).to.equal('allowed');
    expect(verdict({ anchors: [record.anchor], authors: [record.author] })).to.equal('allowed');
  });

  it('refuse another category, record or author', () => {
    expect(verdict({}, { category: 'imaging' })).to.equal('CategoryNotGranted');
    expect(verdict({ anchors: [idOf('x')] })).to.equal('RecordNotNamed');
    expect(verdict({ authors: [idOf('x')] })).to.equal('AuthorNotNamed');
  });

  it('want each label of a record named', () => {
    const labelled = { sensitivity: ['hiv', 'R'] };
    expect(verdict({}, labelled)).to.equal('SensitivityNotGranted');
    expect(verdict({ sensitivity: ['hiv'] }, labelled)).to.equal('SensitivityNotGranted');
    expect(verdict({ sensitivity: ['R', 'hiv', 'V'] }, labelled)).to.equal('allowed');
  });

  it('want the event to touch the dates, where those are not open', () => {
    expect(verdict({ dataFrom: 2000n })).to.equal('allowed');
    expect(verdict({ dataFrom: 2001n })).to.equal('OutsideDates');
    expect(verdict({ dataTo: 1000n })).to.equal('allowed');
    expect(verdict({ dataTo: 999n })).to.equal('OutsideDates');
    expect(verdict({ dataFrom: 1500n, dataTo: 1500n })).to.equal('allowed');
  });

  it('refuse what an exception matches with each of its lists', () => {
    const entry = { readers: [], categories: [], sensitivity: [], anchors: [] };
    const except = (one: Partial<Consent['except'][number]>, change = {}): string =>
      verdict({ except: [{ ...entry, ...one }], sensitivity: ['hiv', 'R'] }, change);
    expect(except({ readers: [reader] })).to.equal('Excepted');
    expect(except({ readers: [other] })).to.equal('allowed');
    expect(except({ categories: ['result'] })).to.equal('Excepted');
    expect(except({ categories: ['result'], readers: [other] })).to.equal('allowed');
    expect(except({ categories: ['medication'], readers: [reader] })).to.equal('allowed');
    expect(except({ anchors: [record.anchor] })).to.equal('Excepted');
    expect(except({ sensitivity: ['R'] })).to.equal('allowed');
    expect(except({ sensitivity: ['R', 'V'] }, { sensitivity: ['hiv', 'R'] })).to.equal('Excepted');
  });
});
