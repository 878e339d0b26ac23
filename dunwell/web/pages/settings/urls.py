"""Addresses of the settings pages, below /settings/."""

from django.urls import path

from dunwell.web.pages.settings import email, late, people, replies, sms, views

urlpatterns = [
    path("", views.company, name="settings"),
    path("bank-accounts/new/", views.bank_account, name="settings_bank_account_new"),
    path("bank-accounts/<uuid:account_id>/", views.bank_account, name="settings_bank_account"),
    path(
        "bank-accounts/<uuid:account_id>/remove/",
        views.remove_account,
        name="settings_bank_account_remove",
    ),
    path("sending/", views.sending, name="settings_sending"),
    path("sending/test/", views.send_test, name="settings_sending_test"),
    path("replies/", replies.mailbox, name="settings_replies"),
    path("replies/try/", replies.try_now, name="settings_replies_try"),
    path("replies/remove/", replies.remove, name="settings_replies_remove"),
    path("late-payment/", late.late_payment, name="settings_late"),
    path("sending/email/", email.email, name="settings_email"),
    path("sending/email/remove/", email.remove, name="settings_email_remove"),
    path("sending/email/sign/", email.sign, name="settings_email_sign"),
    path("sending/email/unsign/", email.unsign, name="settings_email_unsign"),
    path("sending/sms/", sms.sms, name="settings_sms"),
    path("sending/sms/remove/", sms.remove, name="settings_sms_remove"),
    path("sending/sms/quiet/", sms.quiet, name="settings_sms_quiet"),
    path("sending/sms/test/", sms.send_test, name="settings_sms_test"),
    path("members/", people.members, name="settings_members"),
    path("members/<uuid:member_id>/", people.member, name="settings_member"),
    path("members/<uuid:member_id>/deactivate/", people.deactivate, name="settings_deactivate"),
    path(
        "members/invitations/<uuid:invitation_id>/withdraw/",
        people.withdraw,
        name="settings_withdraw",
    ),
    path("tokens/", people.tokens, name="settings_tokens"),
    path("tokens/<uuid:token_id>/revoke/", people.revoke, name="settings_token_revoke"),
    path("contact-roles/", people.roles, name="settings_roles"),
    path("contact-roles/<uuid:role_id>/", people.role, name="settings_role"),
    path("account/", views.account, name="settings_account"),
]
