import { pagesConfig } from '../../../shared/pages/vite-config.ts';

export default pagesConfig(import.meta.dirname);
