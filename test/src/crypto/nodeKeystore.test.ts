import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  createNodeKeystore,
  readNodeKeystore,
  readPasswordFile,
  replaceNodeKeystore,
} from '../../../src/crypto/nodeKeystore.node.ts';
import { toHex } from '../../../src/hash/bytes.ts';
import { codeOf } from '../../support/codeOf.ts';

const COST = 2 ** 10; // enough to test, far too little for a real password
const filled = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const keys = {
  signing: [
    { keyEpoch: 1, privateKey: filled(0x51) },
    { keyEpoch: 2, privateKey: filled(0x52) },
  ],
  kem: [{ keyEpoch: 1, suite: 1, seed: filled(0x5e) }],
};

describe('nodeKeystore', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keystore-'));
    path = join(folder, 'node.json');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('keeps keys under a password, readable by the owner alone', async () => {
    await createNodeKeystore(path, 'correct horse', keys, COST);
    expect(await readNodeKeystore(path, 'correct horse')).to.deep.equal(keys);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    const text = await readFile(path, 'utf8');
    // Eight bytes in a row: fewer may stand in the ciphertext by chance.
    expect(text).to.not.match(/(51){8}|(52){8}|(5e){8}|correct/);
  });

  it('refuses a wrong password and a changed file without telling which', async () => {
    await createNodeKeystore(path, 'correct horse', keys, COST);
    expect(await codeOf(() => readNodeKeystore(path, 'wrong'))).to.equal('WrongPassword');
    const text = await readFile(path, 'utf8');
    const file: unknown = JSON.parse(text);
    const { sealed } = file as { sealed: string }; // the format under test
    const digit = sealed.endsWith('0') ? '1' : '0';
    await writeFile(path, text.replace(sealed, `${sealed.slice(0, -1)}${digit}`));
    expect(await codeOf(() => readNodeKeystore(path, 'correct horse'))).to.equal('WrongPassword');
  });

  it('never overwrites keys by mistake, and replaces them in one step', async () => {
    await createNodeKeystore(path, 'one', keys, COST);
    expect(await codeOf(() => createNodeKeystore(path, 'two', keys, COST))).to.equal(
      'SecretFileExists',
    );
    await writeFile(`${path}.next`, 'left by a crash');
    const rotated = { ...keys, kem: [...keys.kem, { keyEpoch: 2, suite: 1, seed: filled(0x5f) }] };
    await replaceNodeKeystore(path, 'two', rotated, COST);
    expect(await readNodeKeystore(path, 'two')).to.deep.equal(rotated);
    expect(await codeOf(() => readNodeKeystore(path, 'one'))).to.equal('WrongPassword');
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readdir(folder)).to.deep.equal(['node.json']);
  });

  it('refuses keys that others may read', async () => {
    await createNodeKeystore(path, 'one', keys, COST);
    await chmod(path, 0o640);
    expect(await codeOf(() => readNodeKeystore(path, 'one'))).to.equal('SecretFileExposed');
  });

  it('refuses files that are no keystore and quotes nothing of them', async () => {
    const rootKey = toHex(filled(0x5e));
    const costly = { version: 1, kdf: 'scrypt', cost: 2 ** 30, salt: '0x', nonce: '0x' };
    for (const text of ['', rootKey, '[]', 'null', '{"version":2}', JSON.stringify(costly)]) {
      await writeFile(path, text, { mode: 0o600 });
      try {
        await readNodeKeystore(path, 'one');
        expect.fail('read');
      } catch (error) {
        expect(error).to.have.property('code', 'BadKeystore');
        expect(error).to.have.property('cause', undefined);
        expect(String(error)).to.not.contain('5e5e');
      }
    }
  });

  it('takes the first line of a password file', async () => {
    const file = join(folder, 'password');
    await writeFile(file, 'pass word \nsecond line\n');
    expect(await readPasswordFile(file)).to.equal('pass word ');
    await writeFile(file, '\n');
    expect(await codeOf(() => readPasswordFile(file))).to.equal('PasswordMissing');
  });
});
