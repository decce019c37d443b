import { expect } from 'chai';
import { guardLines, requestLines } from '../../../../src/client/account/accountText.ts';
import { keySigner } from '../../../../src/client/account/authorityMessages.ts';
import {
  approveRequest,
  freezeRequest,
  guardianAccount,
  guardianRequest,
  patientOf,
  recoveryItem,
  recoveryRequest,
  requestText,
} from '../../../../src/client/account/guardianRequests.ts';
import {
  type GuardianCard,
  guardianCard,
  guardianCards,
  newCircle,
  readGuardianFile,
} from '../../../../src/client/account/guardians.ts';
import { durationOf, durationText, timeText } from '../../../../src/client/timeText.ts';
import type { Hex } from '../../../../src/hash/bytes.ts';
import { codeOf } from '../../../support/codeOf.ts';

const id = (byte: string): Hex => `0x${byte.repeat(32)}`;
const signers = ['01', '02', '03'].map((byte) => keySigner(id(byte)));
const successor = keySigner(id('05'));
const patient = {
  federationId: id('f0'),
  networkId: id('0e'),
  chainId: 1001,
  patientId: id('aa'),
};
const circle = newCircle(
  signers.map(({ account }) => account),
  { threshold: 2, delay: 3 * 86_400 },
  (size) => new Uint8Array(size).fill(7),
);
const cards = guardianCards(patient, circle);
const [card, other] = cards as [GuardianCard, GuardianCard]; // three of them
const [signer] = signers as [(typeof signers)[0]]; // three of them
const recovery = recoveryRequest(patient, 3n, successor.account);
const freeze = freezeRequest(patient, 3n, 7 * 86_400);

describe('a request to guardians', () => {
  it('is the same after its way as a file, and so is what they sign', () => {
    for (const request of [recovery, freeze]) {
      const read = readGuardianFile(guardianRequest, requestText(request));
      expect(read).to.deep.equal(request);
      expect(patientOf(read)).to.deep.equal(patient);
      expect(approveRequest(card, read, signer)).to.deep.equal(
        approveRequest(card, request, signer),
      );
    }
  });

  it('is approved by the guardian of that patient alone, with the card that is hers', async () => {
    const refusal = (over: Partial<GuardianCard>): Promise<string> =>
      codeOf(() => approveRequest({ ...card, ...over }, recovery, signer));
    expect(await refusal({})).to.equal('none');
    for (const place of ['patientId', 'networkId', 'federationId'])
      expect(await refusal({ [place]: id('bb') }), place).to.equal('ApprovalMismatch');
    expect(await refusal({ chainId: 1002 })).to.equal('ApprovalMismatch');
    expect(await codeOf(() => approveRequest(other, recovery, signer))).to.equal('OtherAccount');
  });

  it('is brought with the account that it names alone', async () => {
    if (recovery.message !== 'RecoverAuthority') throw new Error('it is one');
    const approvals = signers.map((one, i) => approveRequest(cards[i] ?? card, recovery, one));
    const bring = (by: typeof successor) => () =>
      recoveryItem(recovery, by, { threshold: 2, approvals });
    expect(await codeOf(bring(signer))).to.equal('OtherAccount');
    expect(bring(successor)().patientId).to.equal(patient.patientId);
  });

  it('is refused as a file with the field that is wrong', async () => {
    const text = requestText(recovery);
    const wrong: [string, string][] = [
      ['{', 'no JSON'],
      [text.replace('guardian-request/1', 'guardian-request/2'), 'form'],
      [text.replace('RecoverAuthority', 'SetAuthority'), 'message'],
      [text.replace('RecoverAuthority', 'FreezeAuthority'), 'fields'],
      [text.replace(successor.account, '0x12'), 'fields.authority'],
      [text.replace('"seq": "3"', '"seq": 3'), 'fields.seq'],
      [text.replace('"seq"', '"note": "x", "seq"'), 'fields'],
      [JSON.stringify(card), 'message'],
    ];
    for (const [changed, field] of wrong) {
      const read = (): unknown => readGuardianFile(guardianRequest, changed);
      expect(await codeOf(read), changed).to.equal('BadGuardianFile');
      expect(read).to.throw(field);
    }
    for (const schema of [guardianAccount, guardianCard])
      expect(await codeOf(() => readGuardianFile<unknown>(schema, text))).to.equal(
        'BadGuardianFile',
      );
  });

  it('tells a guardian in words what she would do', () => {
    const asked = requestLines(recovery, card).join('\n');
    expect(asked).to.contain(successor.account).and.contain(patient.patientId);
    expect(asked).to.contain('When 2 guardians approve').and.contain('after 3 days');
    expect(requestLines(freeze, card).join('\n')).to.contain('for 7 days');
  });
});

describe('an account in words', () => {
  const guard = {
    authority: signer.account,
    guardiansRoot: id('00'),
    threshold: 0,
    delay: 0,
    ownerSeq: 1n,
    guardianSeq: 1n,
    frozenUntil: 0,
  };
  const told = (over: object, own?: Hex): string =>
    guardLines({ ...guard, ...over }, 1000, own).join('\n');

  it('says whose it is, who guards it, whether it is frozen, and what is pending', () => {
    expect(told({})).to.contain('no guardians').and.contain('not frozen').and.contain('Nothing');
    expect(told({}, signer.account)).to.contain('which this wallet holds');
    expect(told({}, successor.account)).to.contain('DOES NOT SIGN FOR HER');
    expect(told({ threshold: 3, delay: 3600 }))
      .to.contain('3 of her guardians')
      .and.contain('1 hour');
    expect(told({ frozenUntil: 1000 })).to.contain('not frozen');
    expect(told({ frozenUntil: 1001 })).to.contain('FROZEN it until 1970-01-01 00:16:41 UTC');
    const pending = { authority: successor.account, effectiveFrom: 2000 };
    expect(told({ pending: { ...pending, kind: 'recovery' } })).to.contain(
      `give her the account ${successor.account}. It is due at 1970-01-01 00:33:20 UTC`,
    );
    expect(told({ pending: { ...pending, kind: 'guardians' } })).to.not.contain(successor.account);
  });

  it('reads and tells times', async () => {
    const pairs: [string, number, string][] = [
      ['3d', 259_200, '3 days'],
      ['24h', 86_400, '1 day'],
      ['36h', 129_600, '36 hours'],
      ['90s', 90, '90 seconds'],
      ['60s', 60, '1 minute'],
    ];
    for (const [text, seconds, words] of pairs) {
      expect(durationOf(text)).to.equal(seconds);
      expect(durationText(seconds)).to.equal(words);
    }
    for (const wrong of ['', '3', 'd', '0d', '-1d', '1.5d', '3 d', '3D', '3w', '1234567890s'])
      expect(await codeOf(() => durationOf(wrong)), wrong).to.equal('BadOption');
    expect(timeText(1_700_000_000)).to.equal('2023-11-14 22:13:20 UTC');
  });
});
