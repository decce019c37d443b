import type { StatementTemplate } from './statementTemplate.ts';

/** The Chinese statements. */

const wording = {
  language: 'zh',
  dates: {
    form: '{year}年{month}月{day}日 {time} UTC',
    months: ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'],
  },
  lists: { between: '、', either: '或', more: '{list}以及另外 {count} 项' },
  quoted: '“{text}”',
  words: {
    purpose: {
      TREAT: '治疗',
      ETREAT: '紧急治疗',
      HPAYMT: '支付医疗费用',
      COVERAGE: '核实保险范围',
      HOPERAT: '医疗机构的运营和质量管理',
      HRESCH: '医学研究',
      PATRQT: '应患者本人的要求',
      PUBHLTH: '公共卫生',
      HMARKT: '推广医疗服务',
    },
    category: {
      encounter: '就诊和住院记录',
      problem: '诊断和健康问题',
      medication: '用药记录',
      allergy: '过敏记录',
      immunization: '疫苗接种记录',
      result: '化验和测量结果',
      procedure: '手术和其他操作记录',
      imaging: 'X 光片和其他影像',
      document: '病历文书和其他文件',
      'care-plan': '护理计划',
      financial: '账单和保险单据',
      'emergency-summary': '急救摘要',
    },
    label: {
      hiv: '艾滋病病毒',
      'mental-health': '精神健康',
      'sexual-reproductive': '性与生殖健康',
      'substance-use': '酒精和药物使用',
      R: '限制查阅',
      V: '严格限制查阅',
    },
    role: {
      GUARD: '监护人',
      PRN: '父母',
      HPOWATT: '医疗事务代理人',
      SPS: '配偶',
      FAMMEMB: '家庭成员',
    },
  },
  exception: {
    categories: '属于{list}',
    labels: '标记为{list}',
    records: '编号为 {list} ',
    readers: '由 {list} 提出查阅',
    between: '，且',
  },
} as const;

export const consentZh: StatementTemplate = {
  template: 1,
  struct: 'Consent',
  ...wording,
  lines: [
    { when: 'oneReader', text: '我允许{granteeName}查阅医疗记录。' },
    { when: 'anyReader', text: '我允许下列网络接纳的所有机构查阅医疗记录。' },
    { when: 'own', text: '我以账户 {patient} 对这些记录作出决定。' },
    {
      when: 'delegated',
      text: '账户为 {patient} 的人对这些记录作出决定。我依据监护授权 {guardianship} 代此人签署。',
    },
    { when: 'always', text: '用途：{purpose}。不得用于其他用途。' },
    { when: 'always', text: '记录种类：{categories}。' },
    { when: 'labels', text: '也包括标记为特别隐私的记录：{labels}。' },
    { when: 'noLabels', text: '不包括任何标记为特别隐私的记录。' },
    { when: 'records', text: '仅限以下记录：{records}。' },
    { when: 'authors', text: '仅限由以下机构书写的记录：{authors}。' },
    { when: 'dataFrom', text: '仅限 {dataFrom} 及以后发生的事项。' },
    { when: 'dataTo', text: '仅限 {dataTo} 及以前发生的事项。' },
    { when: 'exception', text: '不得查阅：{exception}的记录。' },
    { when: 'always', text: '本许可自 {notBefore} 起，至 {notAfter} 止有效。' },
    { when: 'always', text: '如果在 {submitBy} 之前没有登记，则永不生效。' },
    { when: 'always', text: '适用网络：{networks}。' },
    { when: 'always', text: '我可以随时用一次签名撤回本许可，无需说明理由。' },
    { when: 'always', text: '撤回之前已经被查阅的内容无法收回。' },
  ],
};

export const guardianshipZh: StatementTemplate = {
  template: 2,
  struct: 'Guardianship',
  ...wording,
  lines: [
    {
      when: 'always',
      text: '我是账户为 {patient} 的人。账户为 {delegate} 的人是我的{role}。',
    },
    { when: 'always', text: '我允许此人代我决定谁可以查阅我的医疗记录。' },
    { when: 'always', text: '记录种类：{categories}。' },
    { when: 'always', text: '此人不得将这项权利转授给任何人。' },
    { when: 'always', text: '本授权自 {notBefore} 起，至 {notAfter} 止有效。' },
    { when: 'always', text: '适用网络：{networks}。' },
    {
      when: 'always',
      text: '我可以随时用一次签名撤回本授权，无需说明理由。届时依据它作出的一切许可随之终止。',
    },
    { when: 'always', text: '撤回之前已经被查阅的内容无法收回。' },
  ],
};
