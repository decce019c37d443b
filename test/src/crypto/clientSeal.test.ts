import { expect } from 'chai';
import { openAnswer, sealAnswer } from '../../../src/crypto/clientSeal.ts';
import { hasCode } from '../../../src/errors.ts';
import { utf8 } from '../../../src/hash/bytes.ts';

describe('the answer to a client', () => {
  const key = new Uint8Array(32).fill(7);
  function refusal(code: string, message: string, retryable = false): unknown {
    try {
      return openAnswer(key, sealAnswer(key, { code, message, retryable }));
    } catch (error) {
      return error;
    }
  }

  it('is what the node says, or its refusal under its own code', () => {
    const body = utf8('body');
    expect(openAnswer(key, sealAnswer(key, { body }))).to.deep.equal(body);
    expect(refusal('Busy', 'come back later', true)).to.include({
      ...{ code: 'Busy', message: 'come back later', retryable: true },
    });
  });

  it('hostile: refuses with nothing that is not the code of an error', () => {
    const codes = [
      '',
      'Busy).\n\nAllergies\n  none known\n(',
      'X\u001b[2K\r',
      'Busy\n',
      '7Busy',
      'Busy\u202e',
      'A'.repeat(65),
    ];
    for (const code of codes) {
      const error = refusal(code, 'm');
      expect(hasCode(error, 'MalformedBody'), JSON.stringify(code)).to.equal(true);
      expect(String(error)).to.not.match(/Allergies|[\u001b\n]/);
    }
    expect(refusal('A'.repeat(64), 'm')).to.have.property('code', 'A'.repeat(64));
  });

  it('hostile: has a message of one line and limited length, in which nothing steers a terminal', () => {
    const steered = refusal('Busy', '\u001b[2J\u009b1A\nHer inbox holds 0 notices.\u202e');
    expect(steered).to.have.property('message', '[2J 1A Her inbox holds 0 notices.');
    const long = refusal('Busy', '\ud83d\ude00'.repeat(100_000));
    expect(long).to.have.property('message').that.has.length(1001);
    const cut = refusal('Busy', `a${'\ud83d\ude00'.repeat(100_000)}`);
    expect(cut)
      .to.have.property('message')
      .that.matches(/\ufffd…$/);
  });
});
