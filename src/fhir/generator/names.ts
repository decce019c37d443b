import type { HumanName } from '@medplum/fhirtypes';
import type { SeededRandom } from './random.ts';

type Gender = 'female' | 'male';
type Transliterated = readonly [han: string, latin: string];

const ENGLISH_FAMILY =
  'Archer Bennett Clarke Dawson Ellis Fletcher Grant Hughes Iverson Jennings Keller Lawson Mercer Novak Osborne Porter'.split(
    ' ',
  );
const ENGLISH_GIVEN: Readonly<Record<Gender, readonly string[]>> = {
  female: 'Ada Beatrice Clara Daphne Elena Fiona Grace Hannah Iris Julia'.split(' '),
  male: 'Adrian Boris Conrad Dominic Edgar Felix George Henry Ivan Julian'.split(' '),
};

const CHINESE_FAMILY: readonly Transliterated[] = [
  ['王', 'Wang'],
  ['李', 'Li'],
  ['张', 'Zhang'],
  ['刘', 'Liu'],
  ['陈', 'Chen'],
  ['杨', 'Yang'],
  ['赵', 'Zhao'],
  ['欧阳', 'Ouyang'],
  ['周', 'Zhou'],
  ['吴', 'Wu'],
];
const CHINESE_GIVEN: Readonly<Record<Gender, readonly Transliterated[]>> = {
  female: [
    ['秀英', 'Xiuying'],
    ['丽', 'Li'],
    ['静怡', 'Jingyi'],
    ['雪梅', 'Xuemei'],
    ['婷', 'Ting'],
    ['玉兰', 'Yulan'],
  ],
  male: [
    ['伟', 'Wei'],
    ['小明', 'Xiaoming'],
    ['建国', 'Jianguo'],
    ['志强', 'Zhiqiang'],
    ['磊', 'Lei'],
    ['子轩', 'Zixuan'],
  ],
};

const REPRESENTATION = 'http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation';

export type Script = 'english' | 'chinese';

/** The official name first; a Chinese one is followed by its transliteration, marked as HL7 asks. */
export function personNames(script: Script, gender: Gender, random: SeededRandom): HumanName[] {
  if (script === 'english') {
    const [family, given] = [random.pick(ENGLISH_FAMILY), random.pick(ENGLISH_GIVEN[gender])];
    return [{ use: 'official', text: `${given} ${family}`, family, given: [given] }];
  }
  const [family, familyLatin] = random.pick(CHINESE_FAMILY);
  const [given, givenLatin] = random.pick(CHINESE_GIVEN[gender]);
  return [
    {
      extension: [{ url: REPRESENTATION, valueCode: 'IDE' }],
      use: 'official',
      text: family + given,
      family,
      given: [given],
    },
    {
      extension: [{ url: REPRESENTATION, valueCode: 'ABC' }],
      use: 'usual',
      text: `${familyLatin} ${givenLatin}`,
      family: familyLatin,
      given: [givenLatin],
    },
  ];
}
