import { Empty } from '../../../../shared/look/states.tsx';
import { WORDS } from '../words/english.ts';

export function NoConversation() {
  return <Empty title={WORDS.list.choose}>{WORDS.list.chooseText}</Empty>;
}
