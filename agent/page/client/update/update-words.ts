/** Texts about an update of the operating system that waits for the user, in the languages of the page. */
import type { NoticeLanguage } from '../../../../shared/order/notice-words/notice-words.ts';
import { NOTICE_WORDS } from '../words/notice-words.ts';

/** `{time}` and `{hours}` stand for the time of the start and for the length of a delay. */
export interface UpdateWords {
  readonly title: string;
  readonly security: string;
  readonly all: string;
  readonly start: string;
  readonly now: string;
  readonly delay: string;
  readonly last: string;
}

export const UPDATE_WORDS_IN: Readonly<Record<NoticeLanguage, UpdateWords>> = {
  ar: {
    title: 'تحديث نظام التشغيل',
    security: 'تثبّت مؤسستك تحديثات أمنية على هذا الجهاز.',
    all: 'تثبّت مؤسستك تحديثات على هذا الجهاز.',
    start: 'موعد البدء: {time}',
    now: 'التحديث الآن',
    delay: 'التأجيل (عدد الساعات: {hours})',
    last: 'لا يمكنك تأجيل التحديث مرة أخرى.',
  },
  bn: {
    title: 'অপারেটিং সিস্টেমের আপডেট',
    security: 'আপনার প্রতিষ্ঠান এই ডিভাইসে নিরাপত্তা আপডেট ইনস্টল করছে।',
    all: 'আপনার প্রতিষ্ঠান এই ডিভাইসে আপডেট ইনস্টল করছে।',
    start: 'শুরু: {time}',
    now: 'এখন আপডেট করুন',
    delay: '{hours} ঘণ্টা পিছিয়ে দিন',
    last: 'আপনি আপডেটটি আর পিছিয়ে দিতে পারবেন না।',
  },
  de: {
    title: 'Aktualisierung des Betriebssystems',
    security: 'Ihre Organisation installiert Sicherheitsaktualisierungen auf diesem Gerät.',
    all: 'Ihre Organisation installiert Aktualisierungen auf diesem Gerät.',
    start: 'Beginn: {time}',
    now: 'Jetzt aktualisieren',
    delay: 'Um {hours} Std. verschieben',
    last: 'Sie können die Aktualisierung nicht noch einmal verschieben.',
  },
  en: {
    title: 'Update of the operating system',
    security: 'Your organization installs security updates on this device.',
    all: 'Your organization installs updates on this device.',
    start: 'Start: {time}',
    now: 'Update now',
    delay: 'Delay by {hours} h',
    last: 'You cannot delay the update again.',
  },
  es: {
    title: 'Actualización del sistema operativo',
    security: 'Su organización instala actualizaciones de seguridad en este dispositivo.',
    all: 'Su organización instala actualizaciones en este dispositivo.',
    start: 'Inicio: {time}',
    now: 'Actualizar ahora',
    delay: 'Aplazar {hours} h',
    last: 'No puede aplazar la actualización otra vez.',
  },
  fa: {
    title: 'به‌روزرسانی سیستم‌عامل',
    security: 'سازمان شما به‌روزرسانی‌های امنیتی را روی این دستگاه نصب می‌کند.',
    all: 'سازمان شما به‌روزرسانی‌ها را روی این دستگاه نصب می‌کند.',
    start: 'زمان شروع: {time}',
    now: 'اکنون به‌روزرسانی شود',
    delay: '{hours} ساعت به تعویق بیفتد',
    last: 'نمی‌توانید به‌روزرسانی را دوباره به تعویق بیندازید.',
  },
  fr: {
    title: 'Mise à jour du système d’exploitation',
    security: 'Votre organisation installe des mises à jour de sécurité sur cet appareil.',
    all: 'Votre organisation installe des mises à jour sur cet appareil.',
    start: 'Début : {time}',
    now: 'Mettre à jour maintenant',
    delay: 'Reporter de {hours} h',
    last: 'Vous ne pouvez plus reporter la mise à jour.',
  },
  hi: {
    title: 'ऑपरेटिंग सिस्टम का अपडेट',
    security: 'आपका संगठन इस डिवाइस पर सुरक्षा अपडेट इंस्टॉल करता है।',
    all: 'आपका संगठन इस डिवाइस पर अपडेट इंस्टॉल करता है।',
    start: 'शुरू होने का समय: {time}',
    now: 'अभी अपडेट करें',
    delay: '{hours} घंटे टालें',
    last: 'आप अपडेट को फिर से नहीं टाल सकते।',
  },
  id: {
    title: 'Pembaruan sistem operasi',
    security: 'Organisasi Anda memasang pembaruan keamanan di perangkat ini.',
    all: 'Organisasi Anda memasang pembaruan di perangkat ini.',
    start: 'Mulai: {time}',
    now: 'Perbarui sekarang',
    delay: 'Tunda {hours} jam',
    last: 'Anda tidak dapat menunda pembaruan lagi.',
  },
  kk: {
    title: 'Операциялық жүйені жаңарту',
    security: 'Ұйымыңыз осы құрылғыға қауіпсіздік жаңартуларын орнатады.',
    all: 'Ұйымыңыз осы құрылғыға жаңартуларды орнатады.',
    start: 'Басталуы: {time}',
    now: 'Қазір жаңарту',
    delay: '{hours} сағатқа кейінге қалдыру',
    last: 'Жаңартуды енді кейінге қалдыра алмайсыз.',
  },
  pt: {
    title: 'Atualização do sistema operacional',
    security: 'Sua organização instala atualizações de segurança neste dispositivo.',
    all: 'Sua organização instala atualizações neste dispositivo.',
    start: 'Início: {time}',
    now: 'Atualizar agora',
    delay: 'Adiar por {hours} h',
    last: 'Você não pode adiar a atualização novamente.',
  },
  ru: {
    title: 'Обновление операционной системы',
    security: 'Ваша организация устанавливает обновления безопасности на это устройство.',
    all: 'Ваша организация устанавливает обновления на это устройство.',
    start: 'Начало: {time}',
    now: 'Обновить сейчас',
    delay: 'Отложить на {hours} ч',
    last: 'Вы больше не можете отложить обновление.',
  },
  tr: {
    title: 'İşletim sistemi güncellemesi',
    security: 'Kuruluşunuz bu cihaza güvenlik güncellemeleri yüklüyor.',
    all: 'Kuruluşunuz bu cihaza güncellemeler yüklüyor.',
    start: 'Başlangıç: {time}',
    now: 'Şimdi güncelle',
    delay: '{hours} saat ertele',
    last: 'Güncellemeyi bir daha erteleyemezsiniz.',
  },
  ur: {
    title: 'آپریٹنگ سسٹم کی اپ ڈیٹ',
    security: 'آپ کا ادارہ اس ڈیوائس پر سیکیورٹی اپ ڈیٹس انسٹال کرتا ہے۔',
    all: 'آپ کا ادارہ اس ڈیوائس پر اپ ڈیٹس انسٹال کرتا ہے۔',
    start: 'آغاز: {time}',
    now: 'ابھی اپ ڈیٹ کریں',
    delay: '{hours} گھنٹے مؤخر کریں',
    last: 'آپ اپ ڈیٹ کو دوبارہ مؤخر نہیں کر سکتے۔',
  },
  zh: {
    title: '操作系统更新',
    security: '您的组织将在此设备上安装安全更新。',
    all: '您的组织将在此设备上安装更新。',
    start: '开始时间：{time}',
    now: '立即更新',
    delay: '推迟 {hours} 小时',
    last: '您不能再次推迟更新。',
  },
};

export const UPDATE_WORDS = UPDATE_WORDS_IN[NOTICE_WORDS.tag];
