import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      'node_modules',
      'dist',
      'artifacts',
      'cache',
      'coverage',
      'typechain-types',
      'deployments',
      'src/fhir/definitions',
    ],
  },
  { files: ['scripts/**/*.js', 'eslint.config.js'] },
  ...tseslint.configs.recommendedTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', ignoreRestSiblings: true, varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/unbound-method': 'off', // components are records of closures: no method uses `this`
      '@typescript-eslint/require-await': 'off', // ports are asynchronous, some answers are at hand
      '@typescript-eslint/no-unused-expressions': 'off', // chai
    },
  },
  {
    // A default export only where Hardhat asks for one (house.md 4.5).
    files: ['src/**/*.ts', 'demo/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'named exports only' },
      ],
    },
  },
);
