"""Error bodies of the Direct API.

The Reports service answers HTTP 4xx/5xx with ``error_code`` as a string; every other service
answers HTTP 200 with an integer. Texts come in English or, for ``Accept-Language: ru``, Russian.
"""

from __future__ import annotations

from starlette.responses import JSONResponse

TEXTS = {
    52: ("Authorization server is temporarily unavailable", "Сервер авторизации недоступен"),
    53: ("Authorization error", "Ошибка авторизации"),
    54: ("No rights", "Нет прав"),
    55: ("Method is not supported", "Метод не поддерживается"),
    56: ("Method request limit exceeded", "Превышен лимит запросов метода"),
    58: ("Registration is incomplete", "Незаконченная регистрация"),
    152: ("Not enough units", "Недостаточно баллов"),
    506: ("Connection limit exceeded", "Превышено ограничение на количество соединений"),
    513: ("Your login is not connected to Yandex.Direct", "Логин не подключен к Яндекс.Директу"),
    1000: ("Server is temporarily unavailable", "Сервер временно недоступен"),
    1001: ("Initialization error", "Ошибка инициализации"),
    1002: ("Operation error", "Ошибка операции"),
    3000: ("No access to the API", "Нет доступа к API"),
    3001: ("No access to the method", "Нет доступа к методу"),
    3500: ("Not supported", "Не поддерживается"),
    4000: ("Invalid parameter value", "Неверное значение параметра"),
    4001: ("Invalid selection criteria", "Неверные критерии отбора"),
    8000: ("Invalid request", "Некорректный запрос"),
    8800: ("Object not found", "Объект не найден"),
    9000: ("Report queue is full", "Очередь отчётов заполнена"),
}
SERVER_TROUBLE = (52, 1000, 1001, 1002)


class ApiError(Exception):
    """The vendor refuses a call, with a code of the sheet."""

    def __init__(self, code: int, detail: str, status: int | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.status = status or (500 if code in SERVER_TROUBLE else 400)

    def to_response(self, is_report: bool, request_id: str, language: str) -> JSONResponse:
        """The error as the Reports service or a management service words it."""
        texts = TEXTS.get(self.code, ("Error", "Ошибка"))
        body = {
            "error": {
                "request_id": request_id,
                "error_code": str(self.code) if is_report else self.code,
                "error_string": texts[1 if language.lower().startswith("ru") else 0],
                "error_detail": self.detail,
            }
        }
        headers = {"Content-Type": "application/json;charset=utf-8"}
        return JSONResponse(body, self.status if is_report else 200, headers)
