import { expect } from 'chai';
import type { Hex } from '../../../../src/hash/bytes.ts';
import { weightOf } from '../../../../src/node/consensus/accountMessages.ts';
import { decodeMessage, encodeMessage, patientMessage } from '../../../../src/wire/messages.ts';
import { codeOf } from '../../../support/codeOf.ts';

const patientId: Hex = `0x${'aa'.repeat(32)}`;
const message = (kind: number, bytes: number) => ({
  patientId,
  kind,
  words: [patientId],
  signature: `0x${'01'.repeat(bytes)}` as const,
});

/** Of a `PatientBatch`, in `weightOf`. */
const BATCH = 100;

describe('messages about accounts at a consensus node', () => {
  it('count more in a batch when guardians may sign them, or when they are long', () => {
    for (const kind of [1, 2, 3, 4, 5, 6, 10, 12, 13])
      expect(weightOf(message(kind, 65))).to.equal(1);
    for (const kind of [7, 8, 9, 11]) expect(weightOf(message(kind, 65))).to.equal(25);
    expect(weightOf(message(2, 5120))).to.equal(11);
  });

  it('fit into a batch of their own even when as long as the wire lets them be', async () => {
    const longest = message(9, 16_384);
    expect(decodeMessage(patientMessage, encodeMessage(longest))).to.deep.equal(longest);
    expect(weightOf(longest)).to.be.lessThan(BATCH);
    const longer = encodeMessage(message(9, 16_385));
    expect(await codeOf(() => decodeMessage(patientMessage, longer))).to.equal('MalformedBody');
  });
});
