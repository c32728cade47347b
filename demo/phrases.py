"""What the people of the demo world say to one another, in their four languages."""

from typing import NamedTuple

from libs.events.intake import Locale


class Phrases(NamedTuple):
    """One language's share."""

    opening: tuple[str, ...]
    greeting: tuple[str, ...]
    client: tuple[str, ...]
    specialist: tuple[str, ...]
    spam: tuple[str, ...]


class Asked(NamedTuple):
    """What is asked in orders, in one language."""

    questions: tuple[str, ...]
    urgent: str
    follow_ups: tuple[str, ...]


PHRASES: dict[Locale, Phrases] = {
    "uk": Phrases(
        opening=("Доброго дня. Не можу заснути вже третю ніч.", "Вітаю, мені важко після розлучення."),
        greeting=("Вітаю! Мене звати {name}, я психолог. Розкажіть, будь ласка, що сталося.",),
        client=("Мені весь час тривожно.", "Так, це почалося навесні.", "Дякую, що слухаєте.", "Коли ви вільні?"),
        specialist=("Я з вами. Як довго це триває?", "Що допомагало раніше?", "Пропоную почати з короткої зустрічі."),
        spam=("Перевірка зв'язку, не зважайте.", "Купуйте посилання на нашому каналі!"),
    ),
    "ru": Phrases(
        opening=("Здравствуйте, у меня панические атаки в метро.", "Добрый день. Не справляюсь с нагрузкой на работе."),
        greeting=("Здравствуйте! Меня зовут {name}. Что случилось, расскажите?",),
        client=("Страшно выходить из дома.", "Да, это началось весной.", "Спасибо.", "Когда можно созвониться?"),
        specialist=(
            "Я рядом. Как давно это с вами?",
            "Что вы чувствуете сейчас?",
            "Давайте начнём с короткой встречи.",
        ),
        spam=("тест тест тест", "Продам аккаунты недорого"),
    ),
    "bg": Phrases(
        opening=("Здравейте, карам се постоянно с дъщеря си.", "Добър ден, чувствам се изтощен."),
        greeting=("Здравейте! Аз съм {name}. Разкажете ми какво се случи.",),
        client=("Не знам откъде да започна.", "Да, така е от пролетта.", "Благодаря ви.", "Кога имате време?"),
        specialist=("Тук съм. От колко време е така?", "Какво ви е помагало преди?", "Нека започнем с кратка среща."),
        spam=("проба", "фывапролд"),
    ),
    "en": Phrases(
        opening=("Hello, I lost my father in January and cannot work.", "Hi. We quarrel every evening."),
        greeting=("Hello! I am {name}. Would you tell me what happened?",),
        client=("I feel it mostly at night.", "Yes, since spring.", "Thank you for listening.", "When are you free?"),
        specialist=(
            "I am here. How long has it been so?",
            "What has helped before?",
            "Let us start with a short meeting.",
        ),
        spam=("just testing the form", "Need a sick note for work, today, can pay"),
    ),
}

ASKED: dict[Locale, Asked] = {
    "uk": Asked(
        questions=(
            "Як мені сказати мамі, що я переїжджаю?",
            "Чи варто повертатися на стару роботу?",
            "Чому я весь час відкладаю?",
        ),
        urgent="Терміново! Завтра розмова з керівником, що мені сказати?",
        follow_ups=("А якщо вона образиться?", "Скільки часу на це давати?"),
    ),
    "ru": Asked(
        questions=(
            "Как говорить с сыном о разводе?",
            "Почему я злюсь на мать спустя столько лет?",
            "Стоит ли соглашаться на переезд?",
            "Как перестать проверять телефон ночью?",
        ),
        urgent="Срочно: вечером приезжает отец, как с ним говорить?",
        follow_ups=("А если он не захочет слушать?", "Можно ли сделать это письмом?"),
    ),
    "bg": Asked(
        questions=("Как да кажа на брат си?", "Защо не мога да простя?", "Струва ли си да опитам пак?"),
        urgent="Спешно! Утре е делото, как да се държа?",
        follow_ups=("А ако откаже?",),
    ),
    "en": Asked(
        questions=(
            "How do I tell my sister that I am not coming?",
            "Why do I always say yes?",
            "Should I write to my father again?",
        ),
        urgent="Urgent: my mother arrives tonight, what do I say?",
        follow_ups=("And if she does not answer?",),
    ),
}
