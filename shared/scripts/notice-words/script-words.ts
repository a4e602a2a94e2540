/** Texts about scripts for the user of the device, in the reader's language. */

import { noticeWordsIn } from '../../order/notice-words/languages.ts';
import type { NoticeLanguage } from '../../order/notice-words/notice-words.ts';

export type ScriptOutcome = 'running' | 'done' | 'failed' | 'interrupted';

export interface ScriptWords {
  /** Title of the list of scripts that ran, and of the desktop notice about a script. */
  readonly title: string;
  readonly lead: string;
  readonly none: string;
  /** Sentences about scripts on this device. `off`: scripts do not run. `unconfined`: scripts run with all rights of the agent. */
  readonly off: string;
  readonly unconfined: string;
  readonly version: (version: number) => string;
  readonly reviewedBy: (names: string) => string;
  readonly outcome: Readonly<Record<ScriptOutcome, string>>;
}

const ENGLISH: ScriptWords = {
  title: 'Scripts on this device',
  lead: 'Your organization can run scripts on this device. A second person must have reviewed and signed each script.',
  none: 'No script has run on this device.',
  off: 'Scripts are switched off on this device.',
  unconfined: 'Scripts have all rights of the agent on this device.',
  version: (version) => `version ${version}`,
  reviewedBy: (names) => `Reviewed by ${names}`,
  outcome: { running: 'Running', done: 'Succeeded', failed: 'Failed', interrupted: 'Interrupted' },
};

const WORDS: Readonly<Record<NoticeLanguage, ScriptWords>> = {
  en: ENGLISH,
  ar: {
    title: 'البرامج النصية على هذا الجهاز',
    lead: 'يمكن لمؤسستك تشغيل برامج نصية على هذا الجهاز. يجب أن يكون شخص ثانٍ قد راجع كل برنامج نصي ووقّعه.',
    none: 'لم يعمل أي برنامج نصي على هذا الجهاز.',
    off: 'البرامج النصية متوقفة على هذا الجهاز.',
    unconfined: 'للبرامج النصية على هذا الجهاز جميع صلاحيات الوكيل.',
    version: (version) => `الإصدار ${version}`,
    reviewedBy: (names) => `راجعه ${names}`,
    outcome: { running: 'قيد التشغيل', done: 'نجح', failed: 'فشل', interrupted: 'انقطع' },
  },
  bn: {
    title: 'এই ডিভাইসে স্ক্রিপ্ট',
    lead: 'আপনার প্রতিষ্ঠান এই ডিভাইসে স্ক্রিপ্ট চালাতে পারে। প্রতিটি স্ক্রিপ্ট দ্বিতীয় একজন ব্যক্তিকে পর্যালোচনা করে স্বাক্ষর করতে হয়।',
    none: 'এই ডিভাইসে কোনো স্ক্রিপ্ট চলেনি।',
    off: 'এই ডিভাইসে স্ক্রিপ্ট বন্ধ আছে।',
    unconfined: 'এই ডিভাইসে স্ক্রিপ্টের এজেন্টের সব অধিকার আছে।',
    version: (version) => `সংস্করণ ${version}`,
    reviewedBy: (names) => `পর্যালোচনা করেছেন ${names}`,
    outcome: { running: 'চলছে', done: 'সফল', failed: 'ব্যর্থ', interrupted: 'বাধাগ্রস্ত' },
  },
  de: {
    title: 'Skripte auf diesem Gerät',
    lead: 'Ihre Organisation kann auf diesem Gerät Skripte ausführen. Eine zweite Person muss jedes Skript geprüft und signiert haben.',
    none: 'Auf diesem Gerät lief noch kein Skript.',
    off: 'Skripte sind auf diesem Gerät ausgeschaltet.',
    unconfined: 'Skripte haben auf diesem Gerät alle Rechte des Agenten.',
    version: (version) => `Version ${version}`,
    reviewedBy: (names) => `Geprüft von ${names}`,
    outcome: { running: 'Läuft', done: 'Erfolgreich', failed: 'Fehlgeschlagen', interrupted: 'Abgebrochen' },
  },
  es: {
    title: 'Scripts en este dispositivo',
    lead: 'Su organización puede ejecutar scripts en este dispositivo. Una segunda persona debe haber revisado y firmado cada script.',
    none: 'No se ha ejecutado ningún script en este dispositivo.',
    off: 'Los scripts están desactivados en este dispositivo.',
    unconfined: 'Los scripts tienen todos los permisos del agente en este dispositivo.',
    version: (version) => `versión ${version}`,
    reviewedBy: (names) => `Revisado por ${names}`,
    outcome: { running: 'En ejecución', done: 'Correcto', failed: 'Fallido', interrupted: 'Interrumpido' },
  },
  fa: {
    title: 'اسکریپت‌ها در این دستگاه',
    lead: 'سازمان شما می‌تواند در این دستگاه اسکریپت اجرا کند. شخص دومی باید هر اسکریپت را بررسی و امضا کرده باشد.',
    none: 'هیچ اسکریپتی در این دستگاه اجرا نشده است.',
    off: 'اسکریپت‌ها در این دستگاه خاموش هستند.',
    unconfined: 'اسکریپت‌ها در این دستگاه همهٔ اختیارات عامل را دارند.',
    version: (version) => `نسخهٔ ${version}`,
    reviewedBy: (names) => `بررسی‌شده توسط ${names}`,
    outcome: { running: 'در حال اجرا', done: 'موفق', failed: 'ناموفق', interrupted: 'قطع‌شده' },
  },
  fr: {
    title: 'Scripts sur cet appareil',
    lead: 'Votre organisation peut exécuter des scripts sur cet appareil. Une deuxième personne doit avoir relu et signé chaque script.',
    none: 'Aucun script n’a été exécuté sur cet appareil.',
    off: 'Les scripts sont désactivés sur cet appareil.',
    unconfined: 'Les scripts ont tous les droits de l’agent sur cet appareil.',
    version: (version) => `version ${version}`,
    reviewedBy: (names) => `Relu par ${names}`,
    outcome: { running: 'En cours', done: 'Réussi', failed: 'Échoué', interrupted: 'Interrompu' },
  },
  hi: {
    title: 'इस डिवाइस पर स्क्रिप्ट',
    lead: 'आपका संगठन इस डिवाइस पर स्क्रिप्ट चला सकता है। हर स्क्रिप्ट की किसी दूसरे व्यक्ति ने समीक्षा की हो और उस पर हस्ताक्षर किए हों, यह ज़रूरी है।',
    none: 'इस डिवाइस पर कोई स्क्रिप्ट नहीं चली है।',
    off: 'इस डिवाइस पर स्क्रिप्ट बंद हैं।',
    unconfined: 'इस डिवाइस पर स्क्रिप्ट को एजेंट के सभी अधिकार हैं।',
    version: (version) => `संस्करण ${version}`,
    reviewedBy: (names) => `समीक्षा: ${names}`,
    outcome: { running: 'चल रही है', done: 'सफल', failed: 'विफल', interrupted: 'बाधित' },
  },
  id: {
    title: 'Skrip di perangkat ini',
    lead: 'Organisasi Anda dapat menjalankan skrip di perangkat ini. Orang kedua harus sudah meninjau dan menandatangani setiap skrip.',
    none: 'Belum ada skrip yang berjalan di perangkat ini.',
    off: 'Skrip dinonaktifkan di perangkat ini.',
    unconfined: 'Skrip memiliki semua hak agen di perangkat ini.',
    version: (version) => `versi ${version}`,
    reviewedBy: (names) => `Ditinjau oleh ${names}`,
    outcome: { running: 'Berjalan', done: 'Berhasil', failed: 'Gagal', interrupted: 'Terputus' },
  },
  kk: {
    title: 'Осы құрылғыдағы скрипттер',
    lead: 'Ұйымыңыз осы құрылғыда скрипттерді іске қоса алады. Әр скриптті екінші адам тексеріп, қол қоюы керек.',
    none: 'Осы құрылғыда ешқандай скрипт іске қосылған жоқ.',
    off: 'Осы құрылғыда скрипттер өшірілген.',
    unconfined: 'Осы құрылғыда скрипттердің агенттің барлық құқықтары бар.',
    version: (version) => `${version}-нұсқа`,
    reviewedBy: (names) => `Тексерген: ${names}`,
    outcome: { running: 'Орындалуда', done: 'Сәтті', failed: 'Сәтсіз', interrupted: 'Үзілді' },
  },
  pt: {
    title: 'Scripts neste dispositivo',
    lead: 'A sua organização pode executar scripts neste dispositivo. Uma segunda pessoa tem de ter revisto e assinado cada script.',
    none: 'Nenhum script foi executado neste dispositivo.',
    off: 'Os scripts estão desativados neste dispositivo.',
    unconfined: 'Os scripts têm todos os direitos do agente neste dispositivo.',
    version: (version) => `versão ${version}`,
    reviewedBy: (names) => `Revisto por ${names}`,
    outcome: { running: 'Em execução', done: 'Concluído', failed: 'Falhou', interrupted: 'Interrompido' },
  },
  ru: {
    title: 'Скрипты на этом устройстве',
    lead: 'Ваша организация может запускать скрипты на этом устройстве. Каждый скрипт должен проверить и подписать второй человек.',
    none: 'На этом устройстве скрипты не запускались.',
    off: 'Скрипты на этом устройстве выключены.',
    unconfined: 'На этом устройстве у скриптов есть все права агента.',
    version: (version) => `версия ${version}`,
    reviewedBy: (names) => `Проверка: ${names}`,
    outcome: { running: 'Выполняется', done: 'Успешно', failed: 'Ошибка', interrupted: 'Прервано' },
  },
  tr: {
    title: 'Bu cihazdaki betikler',
    lead: 'Kuruluşunuz bu cihazda betik çalıştırabilir. Her betiği ikinci bir kişi incelemiş ve imzalamış olmalıdır.',
    none: 'Bu cihazda hiçbir betik çalışmadı.',
    off: 'Betikler bu cihazda kapalı.',
    unconfined: 'Betikler bu cihazda aracının tüm haklarına sahip.',
    version: (version) => `sürüm ${version}`,
    reviewedBy: (names) => `İnceleyen: ${names}`,
    outcome: { running: 'Çalışıyor', done: 'Başarılı', failed: 'Başarısız', interrupted: 'Kesildi' },
  },
  ur: {
    title: 'اس آلے پر اسکرپٹس',
    lead: 'آپ کی تنظیم اس آلے پر اسکرپٹس چلا سکتی ہے۔ ضروری ہے کہ کسی دوسرے شخص نے ہر اسکرپٹ کا جائزہ لے کر دستخط کیے ہوں۔',
    none: 'اس آلے پر کوئی اسکرپٹ نہیں چلی۔',
    off: 'اس آلے پر اسکرپٹس بند ہیں۔',
    unconfined: 'اس آلے پر اسکرپٹس کو ایجنٹ کے تمام اختیارات حاصل ہیں۔',
    version: (version) => `ورژن ${version}`,
    reviewedBy: (names) => `جائزہ: ${names}`,
    outcome: { running: 'چل رہی ہے', done: 'کامیاب', failed: 'ناکام', interrupted: 'منقطع' },
  },
  zh: {
    title: '此设备上的脚本',
    lead: '您的组织可以在此设备上运行脚本。每个脚本都必须经第二个人审核并签名。',
    none: '此设备上尚未运行过脚本。',
    off: '此设备上的脚本已关闭。',
    unconfined: '在此设备上，脚本拥有代理的全部权限。',
    version: (version) => `版本 ${version}`,
    reviewedBy: (names) => `审核人：${names}`,
    outcome: { running: '正在运行', done: '成功', failed: '失败', interrupted: '已中断' },
  },
};

/** Texts in the best language for the reader. `languages`: BCP 47 tags, most preferred first. */
export const scriptWordsIn = (languages: readonly string[]): ScriptWords => WORDS[noticeWordsIn(languages).tag];
