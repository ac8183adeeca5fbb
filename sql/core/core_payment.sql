-- grain: one row per payment or refund, however many sources tell of it
with told as (
    select
        'files' as source, 1 as rank, account_id, payment_id, paid_at, paid_date, amount, currency_code,
        vat_basis, vat_amount, document_number, payer_inn, deal_id
    from stg.stg_files__payment
    union all
    select
        'moysklad' as source, 2 as rank, account_id, payment_id, paid_at, paid_date, amount, currency_code,
        vat_basis, vat_amount, document_number, payer_inn, deal_id
    from stg.stg_moysklad__payment
    union all
    select
        'bitrix24' as source, 3 as rank, account_id, payment_id, paid_at, paid_date, amount, currency_code,
        vat_basis, vat_amount, document_number, payer_inn, deal_id
    from stg.stg_bitrix24__payment
    union all
    select
        'hubspot' as source, 4 as rank, account_id, payment_id, paid_at, paid_date, amount, currency_code,
        vat_basis, vat_amount, document_number, payer_inn, deal_id
    from stg.stg_hubspot__payment
),

-- the bank's day may be a day or two after that of the document
gaps as (
    select
        *,
        ifNull(
            dateDiff(
                'day',
                lagInFrame(toNullable(paid_date)) over (
                    partition by document_number, amount, currency_code
                    order by paid_date, rank, account_id, payment_id
                    rows between unbounded preceding and current row
                ),
                paid_date
            ) > 3,
            false
        ) as is_new_time
    from told
),

times as (
    select
        *,
        sum(is_new_time) over (
            partition by document_number, amount, currency_code
            order by paid_date, rank, account_id, payment_id
            rows between unbounded preceding and current row
        ) as time_number
    from gaps
),

-- two like payments within one source are two: the first is the first of every other source
numbered as (
    select
        *,
        row_number() over (
            partition by document_number, amount, currency_code, time_number, source
            order by paid_date, account_id, payment_id
        ) as nth
    from times
),

keyed as (
    select
        *,
        concat('payment:', source, ':', account_id, ':', payment_id) as own_key,
        if(
            document_number is null,
            own_key,
            toJSONString((document_number, toString(amount), currency_code, time_number, nth))
        ) as match_key
    from numbered
),

-- a number without its CRM counts where only one deal bears it
deals as (
    select
        concat(source, ':', deal_id) as named_id,
        deal_id,
        deal_key,
        person_key
    from core.core_deal
),

named as (
    select named_id, any(deal_key) as deal_key
    from (
        select named_id, deal_key from deals
        union all
        select deal_id as named_id, deal_key from deals
    )
    group by named_id
    having count() = 1
),

linked as (
    select
        keyed.*,
        coalesce(by_source.deal_key, by_number.deal_key) as found_deal_key
    from keyed
    left join named as by_source
        on by_source.named_id = concat(keyed.source, ':', ifNull(keyed.deal_id, ''))
    left join named as by_number on by_number.named_id = ifNull(keyed.deal_id, '')
),

merged as (
    select
        argMin(own_key, (rank, own_key)) as payment_key,
        argMin(source, (rank, own_key)) as source,
        argMin(account_id, (rank, own_key)) as account_id,
        argMin(paid_date, (rank, own_key)) as paid_date,
        min(paid_at) as told_at,
        any(amount) as amount,
        any(currency_code) as currency_code,
        argMin(vat_basis, (vat_basis = 'unknown', rank, own_key)) as vat_basis,
        argMin(vat_amount, (rank, own_key)) as vat_amount,
        any(document_number) as document_number,
        argMin(payer_inn, (rank, own_key)) as payer_inn,
        argMin(found_deal_key, (rank, own_key)) as deal_key,
        arraySort(groupUniqArray(source)) as told_by
    from linked
    group by match_key
)

select
    merged.payment_key as payment_key,
    merged.source as source,
    merged.account_id as account_id,
    if(merged.amount < 0, 'refund', 'payment') as kind,
    merged.deal_key as deal_key,
    coalesce(deals.person_key, merged.payment_key) as person_key,
    -- a bank that knows only the day: the instant of another source, else the end of the day
    coalesce(
        merged.told_at,
        toDateTime64(addDays(merged.paid_date, 1), 6, {business_zone:String}) - toIntervalMicrosecond(1)
    ) as paid_at,
    merged.paid_date as paid_date,
    merged.amount as amount,
    merged.currency_code as currency_code,
    merged.vat_basis as vat_basis,
    merged.vat_amount as vat_amount,
    merged.document_number as document_number,
    merged.payer_inn as payer_inn,
    merged.told_by as told_by,
    if(length(merged.told_by) > 1, 'number_amount_day', 'alone') as payment_rule_id
from merged
left join deals on deals.deal_key = merged.deal_key
