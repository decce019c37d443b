import { expect } from 'chai';
import {
  deriveKemKeyPair,
  type KemKeyPair,
  registeredKemKey,
} from '../../../src/crypto/hpkeSealing.ts';
import { openNotice, sealNotice } from '../../../src/crypto/inboxSeal.ts';
import { randomBytes } from '../../../src/crypto/random.ts';
import { type Hex, toHex } from '../../../src/hash/bytes.ts';
import type { Notice } from '../../../src/wire/inboxMessages.ts';
import { HYBRID_SUITE } from '../../../src/wire/kemSuite.ts';
import { codeOf } from '../../support/codeOf.ts';

const id = (): Hex => toHex(randomBytes(32));

describe('an item of an inbox', () => {
  const address = { networkId: id(), patientId: id(), from: id(), id: id() };
  const notice: Notice = { kind: 'account', at: 7, matter: 'frozen', text: 'until noon' };
  let hers: KemKeyPair;
  let sealed: Hex;
  before(async () => {
    hers = await deriveKemKeyPair(HYBRID_SUITE, randomBytes(32));
    sealed = await sealNotice(registeredKemKey(hers.publicKey), address, notice);
  });

  it('opens to her key', async () => {
    expect(await openNotice(hers, address, sealed)).to.deep.equal(notice);
  });

  it('opens to no other key, and not as of another network, patient, sender or id', async () => {
    const other = await deriveKemKeyPair(HYBRID_SUITE, randomBytes(32));
    expect(await codeOf(() => openNotice(other, address, sealed))).to.equal('OpeningFailed');
    for (const field of ['networkId', 'patientId', 'from', 'id'] as const) {
      const moved = { ...address, [field]: id() };
      expect(await codeOf(() => openNotice(hers, moved, sealed)), field).to.equal('OpeningFailed');
    }
  });
});
