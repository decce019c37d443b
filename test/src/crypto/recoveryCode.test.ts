import { expect } from 'chai';
import fc from 'fast-check';
import {
  newRecoveryCode,
  readRecoveryCode,
  recoveryCodeOf,
} from '../../../src/crypto/recoveryCode.ts';
import { randomBytes } from '../../../src/crypto/random.ts';
import { codeOf } from '../../support/codeOf.ts';

const secrets = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe('recoveryCode', () => {
  it('reads back what it printed, however it is typed', () => {
    fc.assert(
      fc.property(secrets, (secret) => {
        const code = recoveryCodeOf(secret);
        expect(code).to.match(/^([0-9A-HJKMNP-TV-Z]{5}-){5}[0-9A-HJKMNP-TV-Z]{5}$/);
        const typed = code.toLowerCase().replace(/0/g, 'o').replace(/1/g, 'l');
        for (const way of [code, typed, code.replace(/-/g, ''), ` ${code.replace(/-/g, ' ')}\n`])
          expect(readRecoveryCode(way)).to.deep.equal(secret);
      }),
    );
  });

  it('notices every single wrong letter and every swap of neighbours of a code', async () => {
    const code = recoveryCodeOf(Uint8Array.from({ length: 16 }, (_, i) => 31 * i));
    for (let at = 0; at < code.length; at++) {
      if (code[at] === '-') continue;
      for (const other of '0123456789ABCDEFGHJKMNPQRSTVWXYZ') {
        if (other === code[at]) continue;
        const typed = code.slice(0, at) + other + code.slice(at + 1);
        expect(await codeOf(() => readRecoveryCode(typed)), typed).to.equal('RecoveryCodeMistyped');
      }
    }
    const bare = code.replace(/-/g, '');
    for (let at = 0; at + 1 < bare.length; at++) {
      const swapped = `${bare.slice(0, at)}${bare[at + 1]}${bare[at]}${bare.slice(at + 2)}`;
      if (swapped === bare) continue;
      expect(await codeOf(() => readRecoveryCode(swapped))).to.equal('RecoveryCodeMistyped');
    }
  });

  it('refuses what is no code, and says how many letters it found, never which', async () => {
    const code = newRecoveryCode(randomBytes);
    for (const typed of ['', 'U', code.slice(1), `${code}0`, code.replace(/.$/, 'U'), `${code}é`])
      expect(await codeOf(() => readRecoveryCode(typed))).to.equal('RecoveryCodeMistyped');
    expect(() => readRecoveryCode(code.slice(6))).to.throw(/symbols 25, wanted 30/);
    expect(() => readRecoveryCode(code.slice(6))).to.not.throw(new RegExp(code.slice(6, 11)));
  });
});
