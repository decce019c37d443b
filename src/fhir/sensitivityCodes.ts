/** Labels that a consent names in `sensitivity`, beside codes of `meta.security`. */
export const SENSITIVITY_LABELS = [
  'hiv',
  'mental-health',
  'sexual-reproductive',
  'substance-use',
] as const;

export type SensitivityLabel = (typeof SENSITIVITY_LABELS)[number];

interface LabelCodes {
  /** SNOMED CT concept ids and LOINC numbers, exact. */
  readonly exact: string;
  /** ICD-10 and ICD-10-CM, and ATC: the code itself or any below it. */
  readonly icd10: string;
  readonly atc: string;
}

/**
 * What is taken as sensitive where the source has not labelled it. Erring on the wide side only withholds
 * a record until the patient's consent names the label. Tobacco is not substance use here.
 */
export const LABEL_CODES: Readonly<Record<SensitivityLabel, LabelCodes>> = {
  hiv: {
    exact:
      '86406008 62479008 91947003 111880001 165816005 31676001 171121004 313077009 ' +
      '7917-8 7918-6 5221-7 29893-5 30361-0 56888-1 75622-1 20447-9 25836-8 25835-0 59419-2 24012-7 33866-5 31201-7 48345-3 80387-4',
    icd10: 'B20 B21 B22 B23 B24 Z21 R75 O98.7 F02.4 Z11.4 Z71.7',
    atc: 'J05AR J05AE J05AF J05AG J05AJ',
  },
  'substance-use': {
    exact:
      '66590003 7200002 15167005 26416006 191816009 75544000 5602001 31956009 78267003 85005007 37344009 ' +
      '361055000 6525002 55680006 75626-2 72109-2 82667-7',
    icd10:
      'F10 F11 F12 F13 F14 F15 F16 F18 F19 O99.31 O99.32 Z71.4 Z71.5 Z72.1 Z72.2 T40 P96.1 K70',
    atc: 'N07BB N07BC',
  },
  'mental-health': {
    exact:
      '370143000 35489007 36923009 66344007 197480006 21897009 47505003 13746004 58214004 69322001 191736004 ' +
      '406506008 192127007 35253001 72366004 56882008 78004001 17226007 371631005 6471006 82313006 225444004 ' +
      '20010003 33449004 44261-6 55758-7 70274-6 69737-5 44249-1',
    icd10:
      'F01 F02 F03 F04 F05 F06 F07 F09 F2 F3 F4 F5 F6 F7 F8 F9 R45.85 X71 X72 X73 X74 X75 X76 X77 X78 X79 X80 X81 X82 X83 X84 T14.91 Z91.5 Z13.3',
    atc: 'N05A N05B N06A N06B N06D',
  },
  'sexual-reproductive': {
    exact:
      '77386006 72892002 19169002 17369002 57797005 386639001 15628003 105629000 76272004 240589008 33839006 ' +
      '8098009 6738008 2904007 169553002 65200003 13197004 46706006 68254000 287664005 35999006 79586000 47200007 ' +
      '398254007 2106-3 2118-8 21613-5 24111-7 20507-0',
    icd10:
      'A50 A51 A52 A53 A54 A55 A56 A57 A58 A59 A60 A63 A64 N46 N97 F52 F64 F66 O Z20.2 Z11.3 Z30 Z31 Z32 Z33 Z34 Z35 Z36 Z37 Z39 Z3A Z64.0 Z70',
    atc: 'G03A G02BA G02BB G03XB G03G',
  },
};
