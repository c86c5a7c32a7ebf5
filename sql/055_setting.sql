-- What a company says about itself and its documents: settings, so that the group gives a default
-- and each company has its own. A document keeps what held when it was posted.

select mandant.define_setting(key, 'text', description, levels => '{tenant}', counts => 'own')
from (values
    ('company_street', 'Street of the company, as documents show it'),
    ('company_postal_code', 'Postal code of the company'),
    ('company_city', 'City of the company'),
    ('company_region', 'State or province of the company, where addresses have one'),
    ('company_tax_id', 'VAT id or tax number of the company, as documents show it'),
    ('company_register', 'Register entry of the company, such as Amtsgericht Hamburg, HRB 12345'),
    ('company_directors', 'Who represents the company'),
    ('company_phone', 'Telephone number of the company'),
    ('company_email', 'E-mail address of the company'),
    ('company_website', 'Website of the company'),
    ('company_bank_account', 'Account to pay to: bank, IBAN, BIC')
) as s (key, description);

select mandant.define_setting(
    'missing_company_fields', 'text',
    'What posting does where the company has not said what its documents must show', 'warn',
    choices => '{warn,refuse}'
);
select mandant.define_setting(
    'credit_limit_check', 'text',
    'What posting does where a customer would owe more than his credit limit', 'warn',
    choices => '{ignore,warn,refuse}'
);
select mandant.define_setting(
    'payment_terms_days', 'integer',
    'Days from document date to due date, for customers without terms of their own', '30',
    minimum => 0, maximum => 365
);
select mandant.define_setting(
    'early_payment_days', 'integer', 'Days within which an early payment is rewarded',
    minimum => 0, maximum => 365
);
select mandant.define_setting(
    'early_payment_percent', 'number', 'Percent of gross deducted for an early payment',
    minimum => 0, maximum => 100
);
select mandant.define_setting(
    'payment_terms', 'texts', 'Payment terms on a document; {days} and {date} are filled in',
    '{"de": "Zahlbar innerhalb von {days} Tagen, bis zum {date}.",
      "en": "Payable within {days} days, by {date}.",
      "zh-Hant": "請於 {days} 天內付款，即 {date} 之前。"}'
);
select mandant.define_setting(
    'payment_terms_at_once', 'texts', 'Payment terms on a document that is due on its date',
    '{"de": "Zahlbar sofort.", "en": "Payable at once.", "zh-Hant": "請即付款。"}'
);
select mandant.define_setting(
    'early_payment_terms', 'texts',
    'What a document says of an early payment; {percent}, {days} and {date} are filled in',
    '{"de": "Bei Zahlung innerhalb von {days} Tagen, bis zum {date}, {percent} % Skonto.",
      "en": "{percent} % discount if paid within {days} days, by {date}.",
      "zh-Hant": "於 {days} 天內（{date} 之前）付款可享 {percent}% 折扣。"}'
);
select mandant.define_setting(
    'quote_valid_days', 'integer', 'Days after its date for which a quote is valid', '30',
    minimum => 0, maximum => 3650
);
select mandant.define_setting('document_intro', 'texts', 'Text above the lines of a document');
select mandant.define_setting('document_closing', 'texts', 'Text below the lines of a document');
-- a document keeps the way it was reckoned by (R-US-06)
select mandant.define_setting(
    'tax_rounding', 'text', 'Whether tax is rounded once per rate of a document, or line by line',
    'document', choices => '{document,line}'
);
select mandant.define_setting(
    'retention_years', 'integer',
    'Years that documents are kept where the country says nothing, from the calendar year''s end',
    '10', minimum => 1, maximum => 100
);
