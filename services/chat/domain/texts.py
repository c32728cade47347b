# ruff: noqa: RUF001 - people write Cyrillic
"""The texts that come with us, in every language: whoever changes one reads its rule and all four languages first."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final
from uuid import UUID, uuid5

from libs.events.intake import Locale
from services.chat.domain.templates import Template, TemplatePurpose

_NAMES = UUID("6f1d8f3a-5e0b-5d0c-9a54-5c1c8f0b7a11")
LOCALES: Final[tuple[Locale, ...]] = ("uk", "ru", "bg", "en")
# Who greets says a name and a role, asks a name, then what happened; the minutes come after the problem (B12).
TEXTS: Final[Mapping[TemplatePurpose, Sequence[str]]] = MappingProxyType({
    "greeting": (
        "Добрий день! Мене звати {name}, я {role}. Як я можу до вас звертатися?",
        "Здравствуйте! Меня зовут {name}, я {role}. Как я могу к вам обращаться?",
        "Здравейте! Казвам се {name}, аз съм {role}. Как да се обръщам към вас?",
        "Hello! My name is {name}, I am {role}. What shall I call you?",
    ),
    "what_happened": (
        "Розкажіть, будь ласка, що сталося і що вас турбує зараз. Пишіть так, як вам зручно.",
        "Расскажите, пожалуйста, что случилось и что вас беспокоит сейчас. Пишите так, как вам удобно.",
        "Разкажете, моля, какво се случи и какво ви тревожи сега. Пишете така, както ви е удобно.",
        "Please tell me what happened and what troubles you now. Write in whatever way is easy for you.",
    ),
    "minutes": (
        "Дякую, що розповіли. Перша консультація безкоштовна і триває {minutes} хв. Почнемо?",
        "Спасибо, что рассказали. Первая консультация бесплатна и длится {minutes} мин. Начнём?",
        "Благодаря, че споделихте. Първата консултация е безплатна и трае {minutes} мин. Да започнем ли?",
        "Thank you for telling me. The first consultation is free and lasts {minutes} min. Shall we begin?",
    ),
    "messenger": (
        "Якщо вам зручніше, ми можемо продовжити тут: {messenger}. Надіслати контакт?",
        "Если вам удобнее, мы можем продолжить здесь: {messenger}. Прислать контакт?",
        "Ако ви е по-удобно, можем да продължим тук: {messenger}. Да изпратя ли контакт?",
        "If it is easier for you, we can go on here: {messenger}. Shall I send you the contact?",
    ),
    # For a call: whether they asked for it, a name, chat or call, what happened, the minutes (B16).
    "phone_script": (
        ("Добрий день! Мене звати {name}, я {role}. Ви залишали запит на нашому сайті?\n"
        "Як я можу до вас звертатися?\nВам зручніше писати в чаті чи говорити зараз?\n"
        "Що сталося?\nПерша консультація безкоштовна і триває {minutes} хв."),
        ("Здравствуйте! Меня зовут {name}, я {role}. Вы оставляли заявку на нашем сайте?\n"
        "Как я могу к вам обращаться?\nВам удобнее писать в чате или говорить сейчас?\n"
        "Что случилось?\nПервая консультация бесплатна и длится {minutes} мин."),
        ("Здравейте! Казвам се {name}, аз съм {role}. Вие ли оставихте заявка на нашия сайт?\n"
        "Как да се обръщам към вас?\nПо-удобно ли ви е да пишете в чата, или да говорим сега?\n"
        "Какво се случи?\nПървата консултация е безплатна и трае {minutes} мин."),
        ("Hello! My name is {name}, I am {role}. Did you leave a request on our site?\n"
        "What shall I call you?\nWould you rather write in the chat or talk now?\n"
        "What happened?\nThe first consultation is free and lasts {minutes} min."),
    ),
    # Brief, professional, and without detail that harms (R11).
    "farewell": (
        ("Дякую за вашу довіру. На цьому нашу роботу я завершую. Підтримка запропонує вам, як продовжити, "
        "зокрема з іншим фахівцем. Бажаю вам усього доброго."),
        ("Спасибо за ваше доверие. На этом нашу работу я завершаю. Поддержка предложит вам, как продолжить, "
        "в том числе с другим специалистом. Желаю вам всего доброго."),
        ("Благодаря ви за доверието. С това приключвам нашата работа. Поддръжката ще ви предложи как да продължите, "
        "включително с друг специалист. Желая ви всичко добро."),
        ("Thank you for your trust. I am ending our work here. Support will offer you ways to go on, "
        "another specialist among them. I wish you all the best."),
    ),
    # Answer, introduce yourself, and give the children's helpline, which is free and anonymous (B17).
    "minor": (
        ("Добрий день! Мене звати {name}. Добре, що ви написали. Є люди, які допомагають саме дітям і підліткам, "
        "безкоштовно й анонімно: {helpline}. Зверніться, будь ласка, туди."),
        ("Здравствуйте! Меня зовут {name}. Хорошо, что вы написали. Есть люди, которые помогают именно детям и "
        "подросткам, бесплатно и анонимно: {helpline}. Обратитесь, пожалуйста, туда."),
        ("Здравейте! Казвам се {name}. Добре е, че писахте. Има хора, които помагат именно на деца и юноши, "
        "безплатно и анонимно: {helpline}. Моля, обърнете се към тях."),
        ("Hello! My name is {name}. It is good that you wrote. There are people who help children and teenagers, "
        "free of charge and anonymously: {helpline}. Please turn to them."),
    ),
    # What a talk about a review begins with when nobody wrote a text of their own (P5).
    "review_solve": (
        ("Добрий день! Пише {name}. Ми прочитали ваш відгук і хочемо все виправити. Розкажіть, будь ласка, що сталося. "
        "Відповідати не обов'язково."),
        ("Здравствуйте! Пишет {name}. Мы прочитали ваш отзыв и хотим всё исправить. Расскажите, пожалуйста, "
        "что случилось. Отвечать не обязательно."),
        ("Здравейте! Пише ви {name}. Прочетохме вашия отзив и искаме да поправим нещата. Разкажете, моля, "
        "какво се случи. Не сте длъжни да отговаряте."),
        ("Hello! This is {name}. We have read your review and want to put things right. Please tell us what happened. "
        "You need not answer."),
    ),
    "review_thank": (
        "Добрий день! Пише {name}. Дякуємо за ваш відгук, він важливий для нас. Відповідати не обов'язково.",
        "Здравствуйте! Пишет {name}. Спасибо за ваш отзыв, он важен для нас. Отвечать не обязательно.",
        "Здравейте! Пише ви {name}. Благодарим ви за отзива, той е важен за нас. Не сте длъжни да отговаряте.",
        "Hello! This is {name}. Thank you for your review, it matters to us. You need not answer.",
    ),
})  # fmt: skip


def _came(purpose: TemplatePurpose, locale: Locale, text: str) -> Template:
    """Its id stays the same for as long as the text does."""
    id = uuid5(_NAMES, f"{purpose} {locale} {text}")
    return Template(id=id, purpose=purpose, locale=locale, version=0, text=text)


TEMPLATES: Final = tuple(
    _came(purpose, locale, text)
    for purpose, texts in TEXTS.items()
    for locale, text in zip(LOCALES, texts, strict=True)
)
