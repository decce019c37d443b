import { expect } from 'chai';
import {
  cardText,
  type EmergencyCard,
  printedCard,
  readCard,
} from '../../../../src/client/emergency/emergencyCardText.ts';
import { randomBytes } from '../../../../src/crypto/random.ts';
import { toHex } from '../../../../src/hash/bytes.ts';
import { codeOf } from '../../../support/codeOf.ts';

const newCard = (cardEpoch = 1): EmergencyCard => ({
  networkId: toHex(randomBytes(32)),
  patientId: toHex(randomBytes(32)),
  secret: toHex(randomBytes(32)),
  cardEpoch,
});

describe('the text of an emergency card', () => {
  it('comes back as it was, for every epoch', () => {
    for (const epoch of [0, 1, 255, 65_536, 2 ** 32 - 1]) {
      const card = newCard(epoch);
      expect(readCard(cardText(card))).to.deep.equal(card);
    }
  });

  it('is one line that a QR code packs as letters and digits', () => {
    const text = cardText(newCard());
    expect(text).to.match(/^[0-9A-Z:]+$/);
    expect(text).to.have.length(180);
  });

  it('is read with small letters, spaces and line ends', () => {
    const card = newCard();
    const text = cardText(card);
    expect(readCard(`\n ${text.toLowerCase()}  `)).to.deep.equal(card);
    expect(readCard(text.replace(/.{20}/g, '$& \n'))).to.deep.equal(card);
  });

  it('is refused when a single character is another, missing or too much', async () => {
    const text = cardText(newCard());
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === 'B' ? 'C' : 'B';
      const changed = text.slice(0, at) + other + text.slice(at + 1);
      expect(await codeOf(() => readCard(changed)), `at ${at}`).to.equal('CardMalformed');
      const cut = text.slice(0, at) + text.slice(at + 1);
      expect(await codeOf(() => readCard(cut)), `without ${at}`).to.equal('CardMalformed');
    }
    for (const wrong of ['', 'CARELATTICE1:', `${text}A`, text.replace('1:', '2:'), `${text}1`])
      expect(await codeOf(() => readCard(wrong))).to.equal('CardMalformed');
  });

  it('is printed for people, in rows that give the line again', () => {
    const card = newCard();
    const rows = printedCard(card, 'Taipei').split('\n');
    expect(rows[0]).to.equal('EMERGENCY CARD');
    expect(rows.join(' ')).to.include('Taipei');
    const from = rows.findIndex((row) => row.startsWith('CARELATTICE1:'));
    expect(readCard(rows.slice(from).join(''))).to.deep.equal(card);
    expect(Math.max(...rows.map((row) => row.length))).to.be.below(80);
  });
});
