import fc from 'fast-check';
import { toHex, ZERO_32, type Hex } from '../../../../src/hash/bytes.ts';
import { ANY_ADMITTED_NODE } from '../../../../src/wire/consent.ts';
import type { Consent } from '../../../../src/wire/typedData.ts';
import { scope } from './signedSamples.ts';

const hex = (bytes: number): fc.Arbitrary<Hex> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => toHex(value));
const text = fc.string({ unit: 'binary', maxLength: 40 });
const texts = fc.array(text, { maxLength: 3 });
const some = fc.array(text, { minLength: 1, maxLength: 3 });
const ids = fc.array(hex(32), { maxLength: 3 });
const second = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });

/** Whatever fits the types and ends after it begins, sense or not: what was signed must be told. */
export const anyConsent: fc.Arbitrary<Consent> = fc
  .record({
    statement: text,
    language: fc.oneof(fc.constantFrom('en', 'zh', 'zh-CN'), text),
    template: fc.nat(65_535),
    patient: hex(20),
    guardianship: fc.oneof(fc.constant(ZERO_32), hex(32)),
    grantee: fc.oneof(fc.constant(ANY_ADMITTED_NODE), hex(32)),
    granteeName: text,
    purpose: fc.oneof(fc.constantFrom('TREAT', 'HPAYMT', 'HRESCH', 'PATRQT', 'constructor'), text),
    actions: some,
    categories: some,
    sensitivity: fc.array(
      fc.oneof(fc.constantFrom('hiv', 'R', 'STD', 'http://a.example/x|y', '__proto__'), text),
      { maxLength: 3 },
    ),
    anchors: ids,
    authors: ids,
    dataFrom: second,
    dataTo: second,
    except: fc.array(
      fc.record({ readers: ids, categories: texts, sensitivity: texts, anchors: ids }),
      { maxLength: 2 },
    ),
    notBefore: second,
    notAfter: second,
    submitBy: second,
    epoch: second,
    nonce: second,
    home: hex(32),
    networkNames: texts,
    networks: fc.constant([scope]),
  })
  .map(inOrder);

/** No consent of another order is well formed (wire/consentForm.ts). */
function inOrder(consent: Consent): Consent {
  const { notBefore, notAfter, dataFrom, dataTo } = consent;
  const [first, last] = notBefore < notAfter ? [notBefore, notAfter] : [notAfter, notBefore];
  return {
    ...consent,
    notBefore: first === last ? first - 1n : first,
    notAfter: last,
    dataTo: dataTo < dataFrom ? 0n : dataTo,
  };
}
