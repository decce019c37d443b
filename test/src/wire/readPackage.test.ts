import { expect } from 'chai';
import { hasCode } from '../../../src/errors.ts';
import { showConsent, showGuardianship } from '../../../src/wire/consent.ts';
import {
  decodeReadPackage,
  encodeReadPackage,
  parseReadPackage,
  type ReadPackage,
  readPackageText,
} from '../../../src/wire/readPackage.ts';
import {
  idOf,
  networkId,
  patient,
  sampleConsent,
  sampleGuardianship,
  scopeOf,
} from './consentFixture.ts';

const package_: ReadPackage = {
  consent: showConsent(
    sampleConsent({
      networks: [scopeOf('network'), scopeOf('lake')],
      networkNames: ['Riverside', 'Lakeside'],
      except: [{ readers: [idOf('x')], categories: ['result'], sensitivity: [], anchors: [] }],
      nonce: (1n << 256n) - 1n,
    }),
    networkId,
  ),
  signer: patient,
  signature: `0x${'5a'.repeat(65)}`,
  network: { networkId, chainId: 31_337n },
  serving: idOf('Northside Hospital'),
};
const delegated: ReadPackage = {
  ...package_,
  guardianship: {
    message: showGuardianship(sampleGuardianship(), networkId),
    signature: `0x${'5b'.repeat(66)}`,
  },
};

function faultOf(text: string): unknown {
  try {
    parseReadPackage(text);
  } catch (error) {
    if (hasCode(error, 'MalformedConsent')) return error.facts['place'];
    throw error;
  }
  return 'nothing is wrong';
}

/** The file after a text of it was replaced. */
function edited(from: string, to: string): string {
  const text = readPackageText(delegated);
  expect(text).to.include(from);
  return text.replace(from, to);
}

describe('readPackage', () => {
  it('comes back from its file and from its message as it was', () => {
    for (const one of [package_, delegated]) {
      expect(parseReadPackage(readPackageText(one))).to.deep.equal(one);
      expect(decodeReadPackage(encodeReadPackage(one))).to.deep.equal(one);
    }
  });

  it('tells the place when the file was edited by hand', () => {
    const places: [from: string, to: string, place: string][] = [
      ['"purpose": "TREAT"', '"purpose": 4', 'consent.purpose'],
      ['"purpose": "TREAT"', '"purpose": "treat"', 'consent.purpose'],
      ['"template": "1"', '"template": "one"', 'consent.template'],
      ['"template": "1"', '"template": 1', 'consent.template'],
      ['"epoch": "0"', '"epoch": "-1"', 'consent.epoch'],
      ['"epoch": "0"', '"epoch": "18446744073709551616"', 'consent.epoch'],
      ['"epoch": "0"', '"epok": "0"', 'consent.epoch'],
      [idOf('x'), idOf('x').toUpperCase(), 'consent.except[0].readers[0]'],
      [scopeOf('network').registry, '0x12', 'consent.own.registry'],
      ['"role": "PRN"', '"role": ""', 'guardianship.message.role'],
      ['"serving":', '"also": 1, "serving":', ''],
      ['"result"', '""', 'consent.categories[0]'],
      ['"result"', '7', 'consent.categories[0]'],
      ['"categories": [', '"kategories": [', 'consent.categories'],
      [`"signer": "${patient}"`, '"signer": null', 'signer'],
    ];
    for (const [from, to, place] of places) {
      expect(faultOf(edited(from, to)), to).to.equal(place);
    }
  });

  it('says that a cut file is no JSON', () => {
    expect(faultOf(readPackageText(package_).slice(0, 300))).to.equal('the whole file');
    expect(faultOf('')).to.equal('the whole file');
    expect(faultOf('[]')).to.equal('');
  });

  it('refuses message bytes that are no package', () => {
    expect(() => decodeReadPackage(Uint8Array.of(0xa0))).to.throw('malformed');
    expect(() => decodeReadPackage(Uint8Array.of(0xff))).to.throw('not accepted');
  });
});
