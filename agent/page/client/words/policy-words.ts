/** Texts about the device's policy in the reader's language. A language without all texts does not compile. */
import type { NoticeLanguage } from '../../../../shared/order/notice-words/notice-words.ts';
import { NOTICE_WORDS } from './notice-words.ts';

interface PolicyWords {
  readonly title: string;
  /** Introduces the list of settings that the device does not meet. */
  readonly failing: string;
  /** Says since when messaging and mail are restricted. `when`: start of the restriction, as a text. */
  readonly restricted: (when: string) => string;
  /** Sentences about actions that will follow, by the identifier of the action. `when`: time of the action, as a text. */
  readonly next: Readonly<Record<string, (when: string) => string>>;
  readonly help: string;
}

const WORDS_IN: Readonly<Record<NoticeLanguage, PolicyWords>> = {
  ar: {
    title: 'لا يستوفي هذا الجهاز سياسة مؤسستك',
    failing: 'إعدادات غير مستوفاة:',
    restricted: (when) => `الرسائل والبريد متوقفة منذ ${when}، وتنتظر حتى يستوفي الجهاز السياسة.`,
    next: {
      notify: (when) => `ستصلك رسالة في ${when}.`,
      'restrict-services': (when) => `ستتوقف الرسائل والبريد في ${when}.`,
      'lock-workspace': (when) => `ستُقفل مساحة العمل في ${when}.`,
      'wipe-workspace': (when) => `ستُمحى مساحة العمل في ${when}.`,
    },
    help: 'صحّح الإعدادات أو اطلب المساعدة من المسؤول. يعرض الأمر cordon-agent policy التفاصيل.',
  },
  bn: {
    title: 'এই ডিভাইস আপনার প্রতিষ্ঠানের নীতি পূরণ করে না',
    failing: 'যে সেটিংস পূরণ হয়নি:',
    restricted: (when) => `${when} থেকে বার্তা ও ইমেইল বন্ধ আছে। ডিভাইস নীতি পূরণ না করা পর্যন্ত সেগুলি অপেক্ষা করে।`,
    next: {
      notify: (when) => `${when}-এ আপনি একটি বার্তা পাবেন।`,
      'restrict-services': (when) => `${when}-এ বার্তা ও ইমেইল বন্ধ হবে।`,
      'lock-workspace': (when) => `${when}-এ কাজের জায়গা লক হবে।`,
      'wipe-workspace': (when) => `${when}-এ কাজের জায়গা মুছে ফেলা হবে।`,
    },
    help: 'সেটিংস ঠিক করুন, অথবা আপনার প্রশাসকের সাহায্য নিন। cordon-agent policy বিস্তারিত দেখায়।',
  },
  de: {
    title: 'Dieses Gerät erfüllt eine Richtlinie Ihres Unternehmens nicht',
    failing: 'Nicht erfüllte Einstellungen:',
    restricted: (when) =>
      `Nachrichten und E-Mails sind seit ${when} angehalten. Sie warten, bis das Gerät die Richtlinie erfüllt.`,
    next: {
      notify: (when) => `Sie erhalten eine Nachricht: ${when}.`,
      'restrict-services': (when) => `Nachrichten und E-Mails werden angehalten: ${when}.`,
      'lock-workspace': (when) => `Der Arbeitsbereich wird gesperrt: ${when}.`,
      'wipe-workspace': (when) => `Der Arbeitsbereich wird gelöscht: ${when}.`,
    },
    help: 'Korrigieren Sie die Einstellungen, oder fragen Sie Ihren Admin. Der Befehl cordon-agent policy zeigt Einzelheiten.',
  },
  en: {
    title: 'This device does not meet a policy of your organization',
    failing: 'Settings that are not met:',
    restricted: (when) =>
      `Messages and mail have been stopped since ${when}. They wait until the device meets the policy.`,
    next: {
      notify: (when) => `You get a message at ${when}.`,
      'restrict-services': (when) => `Messages and mail stop at ${when}.`,
      'lock-workspace': (when) => `The workspace is locked at ${when}.`,
      'wipe-workspace': (when) => `The workspace is wiped at ${when}.`,
    },
    help: 'Correct the settings, or ask your admin. The command cordon-agent policy shows the details.',
  },
  es: {
    title: 'Este dispositivo no cumple una política de su organización',
    failing: 'Ajustes que no se cumplen:',
    restricted: (when) =>
      `Los mensajes y el correo están detenidos desde ${when}. Esperan hasta que el dispositivo cumpla la política.`,
    next: {
      notify: (when) => `Recibirá un mensaje: ${when}.`,
      'restrict-services': (when) => `Los mensajes y el correo se detendrán: ${when}.`,
      'lock-workspace': (when) => `El espacio de trabajo se bloqueará: ${when}.`,
      'wipe-workspace': (when) => `El espacio de trabajo se borrará: ${when}.`,
    },
    help: 'Corrija los ajustes o pregunte a su administrador. El comando cordon-agent policy muestra los detalles.',
  },
  fa: {
    title: 'این دستگاه سیاست سازمان شما را رعایت نمی‌کند',
    failing: 'تنظیماتی که رعایت نشده‌اند:',
    restricted: (when) => `پیام‌ها و ایمیل از ${when} متوقف شده‌اند و تا رعایت سیاست منتظر می‌مانند.`,
    next: {
      notify: (when) => `در ${when} پیامی دریافت می‌کنید.`,
      'restrict-services': (when) => `پیام‌ها و ایمیل در ${when} متوقف می‌شوند.`,
      'lock-workspace': (when) => `فضای کار در ${when} قفل می‌شود.`,
      'wipe-workspace': (when) => `فضای کار در ${when} پاک می‌شود.`,
    },
    help: 'تنظیمات را اصلاح کنید یا از مدیر خود بپرسید. فرمان cordon-agent policy جزئیات را نشان می‌دهد.',
  },
  fr: {
    title: 'Cet appareil ne respecte pas une politique de votre entreprise',
    failing: 'Paramètres non respectés :',
    restricted: (when) =>
      `Les messages et le courrier sont arrêtés depuis le ${when}. Ils attendent que l’appareil respecte la politique.`,
    next: {
      notify: (when) => `Vous recevrez un message le ${when}.`,
      'restrict-services': (when) => `Les messages et le courrier s’arrêteront le ${when}.`,
      'lock-workspace': (when) => `L’espace de travail sera verrouillé le ${when}.`,
      'wipe-workspace': (when) => `L’espace de travail sera effacé le ${when}.`,
    },
    help: 'Corrigez les paramètres ou demandez à votre administrateur. La commande cordon-agent policy affiche les détails.',
  },
  hi: {
    title: 'यह डिवाइस आपके संगठन की नीति पूरी नहीं करता',
    failing: 'जो सेटिंग पूरी नहीं हैं:',
    restricted: (when) => `संदेश और ईमेल ${when} से रुके हुए हैं। डिवाइस के नीति पूरी करने तक वे प्रतीक्षा करते हैं।`,
    next: {
      notify: (when) => `${when} को आपको एक संदेश मिलेगा।`,
      'restrict-services': (when) => `${when} को संदेश और ईमेल रुक जाएँगे।`,
      'lock-workspace': (when) => `${when} को कार्यक्षेत्र लॉक होगा।`,
      'wipe-workspace': (when) => `${when} को कार्यक्षेत्र मिटाया जाएगा।`,
    },
    help: 'सेटिंग ठीक करें, या अपने व्यवस्थापक से पूछें। cordon-agent policy विवरण दिखाता है।',
  },
  id: {
    title: 'Perangkat ini tidak memenuhi kebijakan organisasi Anda',
    failing: 'Pengaturan yang tidak dipenuhi:',
    restricted: (when) =>
      `Pesan dan surel dihentikan sejak ${when}. Semuanya menunggu sampai perangkat memenuhi kebijakan.`,
    next: {
      notify: (when) => `Anda menerima pesan pada ${when}.`,
      'restrict-services': (when) => `Pesan dan surel dihentikan pada ${when}.`,
      'lock-workspace': (when) => `Ruang kerja dikunci pada ${when}.`,
      'wipe-workspace': (when) => `Ruang kerja dihapus pada ${when}.`,
    },
    help: 'Perbaiki pengaturan, atau tanyakan kepada admin Anda. Perintah cordon-agent policy menampilkan rinciannya.',
  },
  kk: {
    title: 'Бұл құрылғы ұйымыңыздың саясатына сай емес',
    failing: 'Сай емес баптаулар:',
    restricted: (when) => `Хабарлар мен хаттар ${when} бастап тоқтатылды. Олар құрылғы саясатқа сай болғанша күтеді.`,
    next: {
      notify: (when) => `Сізге хабар келеді: ${when}.`,
      'restrict-services': (when) => `Хабарлар мен хаттар тоқтайды: ${when}.`,
      'lock-workspace': (when) => `Жұмыс кеңістігі құлыпталады: ${when}.`,
      'wipe-workspace': (when) => `Жұмыс кеңістігі өшіріледі: ${when}.`,
    },
    help: 'Баптауларды түзетіңіз немесе әкімшіден сұраңыз. cordon-agent policy пәрмені толық мәлімет көрсетеді.',
  },
  pt: {
    title: 'Este dispositivo não cumpre uma política da sua organização',
    failing: 'Configurações não cumpridas:',
    restricted: (when) =>
      `As mensagens e o correio estão parados desde ${when}. Eles esperam até que o dispositivo cumpra a política.`,
    next: {
      notify: (when) => `Você receberá uma mensagem: ${when}.`,
      'restrict-services': (when) => `As mensagens e o correio param: ${when}.`,
      'lock-workspace': (when) => `O espaço de trabalho será bloqueado: ${when}.`,
      'wipe-workspace': (when) => `O espaço de trabalho será apagado: ${when}.`,
    },
    help: 'Corrija as configurações ou pergunte ao administrador. O comando cordon-agent policy mostra os detalhes.',
  },
  ru: {
    title: 'Это устройство не соответствует политике вашей организации',
    failing: 'Несоблюдённые настройки:',
    restricted: (when) =>
      `Сообщения и почта остановлены с ${when}. Они ждут, пока устройство не будет соответствовать политике.`,
    next: {
      notify: (when) => `Вы получите сообщение: ${when}.`,
      'restrict-services': (when) => `Сообщения и почта будут остановлены: ${when}.`,
      'lock-workspace': (when) => `Рабочее пространство будет заблокировано: ${when}.`,
      'wipe-workspace': (when) => `Рабочее пространство будет стёрто: ${when}.`,
    },
    help: 'Исправьте настройки или обратитесь к администратору. Команда cordon-agent policy показывает подробности.',
  },
  tr: {
    title: 'Bu cihaz kuruluşunuzun bir ilkesini karşılamıyor',
    failing: 'Karşılanmayan ayarlar:',
    restricted: (when) =>
      `Mesajlar ve e-posta şu tarihten beri durduruldu: ${when}. Cihaz ilkeyi karşılayana kadar beklerler.`,
    next: {
      notify: (when) => `Bir mesaj alacaksınız: ${when}.`,
      'restrict-services': (when) => `Mesajlar ve e-posta durdurulacak: ${when}.`,
      'lock-workspace': (when) => `Çalışma alanı kilitlenecek: ${when}.`,
      'wipe-workspace': (when) => `Çalışma alanı silinecek: ${when}.`,
    },
    help: 'Ayarları düzeltin veya yöneticinize sorun. cordon-agent policy komutu ayrıntıları gösterir.',
  },
  ur: {
    title: 'یہ آلہ آپ کے ادارے کی پالیسی پر پورا نہیں اترتا',
    failing: 'جو ترتیبات پوری نہیں ہیں:',
    restricted: (when) =>
      `پیغامات اور ای میل ${when} سے رکے ہوئے ہیں۔ آلے کے پالیسی پر پورا اترنے تک وہ انتظار کرتے ہیں۔`,
    next: {
      notify: (when) => `${when} کو آپ کو ایک پیغام ملے گا۔`,
      'restrict-services': (when) => `${when} کو پیغامات اور ای میل رک جائیں گے۔`,
      'lock-workspace': (when) => `${when} کو ورک اسپیس مقفل ہو جائے گی۔`,
      'wipe-workspace': (when) => `${when} کو ورک اسپیس مٹا دی جائے گی۔`,
    },
    help: 'ترتیبات درست کریں، یا اپنے منتظم سے پوچھیں۔ cordon-agent policy تفصیل دکھاتا ہے۔',
  },
  zh: {
    title: '此设备不符合贵组织的策略',
    failing: '未满足的设置：',
    restricted: (when) => `自 ${when} 起，消息和邮件已停止。它们会等到设备符合策略。`,
    next: {
      notify: (when) => `您将在 ${when} 收到消息。`,
      'restrict-services': (when) => `消息和邮件将在 ${when} 停止。`,
      'lock-workspace': (when) => `工作区将在 ${when} 锁定。`,
      'wipe-workspace': (when) => `工作区将在 ${when} 清除。`,
    },
    help: '请更正这些设置，或询问管理员。命令 cordon-agent policy 会显示详细信息。',
  },
};

export const POLICY_WORDS = WORDS_IN[NOTICE_WORDS.tag];
