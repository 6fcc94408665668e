"""The addresses of this app's pages."""

from django.urls import URLPattern, URLResolver, path

from feedback.views import dashboard, facts, review
from feedback.views.beside import Beside, GuideBeside
from feedback.views.bulk_actions import BulkActionList, BulkActionPage
from feedback.views.checks import CheckFindingsPage, ChecksPage
from feedback.views.dashboard_drafts import BehindPage
from feedback.views.datasets import (
    DatasetDifferencePage,
    DatasetPage,
    DatasetRowsPage,
    DatasetsPage,
    NewDatasetPage,
)
from feedback.views.desk_lists import JudgementsPage, QueuePage, ReviewsPage
from feedback.views.digests import DigestPage, DigestPreview, DigestsPage
from feedback.views.disagreements import DisagreementPage, DisagreementsPage
from feedback.views.draft_reviews import DraftReviews
from feedback.views.escalated import Escalated
from feedback.views.fact_reports import FactReportList, SettleFactReport
from feedback.views.findings import DismissFinding
from feedback.views.goldens import GoldenList, GoldenPage
from feedback.views.home import Home
from feedback.views.keys import KeysPage
from feedback.views.new_reviews import NewReviewList, RewriteGolden
from feedback.views.saved_views import SavedViewPage, SavedViewsPage
from feedback.views.search import SearchPage
from feedback.views.webhooks import WebhooksPage

urlpatterns: list[URLPattern | URLResolver] = [
    path("", Home.as_view(), name="home"),
    path("review/", review.NextDraft.as_view(), name="review"),
    path("review/keys/", KeysPage.as_view(), name="review-keys"),
    path("review/session/", review.SessionPerson.as_view(), name="review-session"),
    path("review/reopen/", review.ReopenReview.as_view(), name="review-reopen"),
    path("review/<int:assignment_id>/", review.HeldDraft.as_view(), name="review-draft"),
    path("review/<int:assignment_id>/work/", review.SaveWork.as_view(), name="review-save"),
    path("review/<int:assignment_id>/check/", review.CheckRewrite.as_view(), name="review-check"),
    path("review/<int:assignment_id>/lease/", review.RenewLease.as_view(), name="review-renew"),
    path("review/<int:assignment_id>/beside/", Beside.as_view(), name="review-beside"),
    path("review/guide/<slug:slug>/", GuideBeside.as_view(), name="review-guide"),
    path("review/<int:assignment_id>/submit/", review.SubmitReview.as_view(), name="review-submit"),
    path("drafts/<int:draft_id>/facts/report/", facts.ReportFact.as_view(), name="report-fact"),
    path("drafts/<int:draft_id>/facts/", facts.AddFact.as_view(), name="add-fact"),
    path("drafts/<int:draft_id>/reviews/", DraftReviews.as_view(), name="draft-reviews"),
    path("drafts/<int:draft_id>/disagreement/", DisagreementPage.as_view(), name="disagreement"),
    path("disagreements/", DisagreementsPage.as_view(), name="disagreements"),
    path("checks/", ChecksPage.as_view(), name="checks"),
    path("checks/<slug:slug>/<slug:check>/", CheckFindingsPage.as_view(), name="check-findings"),
    path("findings/<int:finding_id>/dismiss/", DismissFinding.as_view(), name="dismiss-finding"),
    path("goldens/", GoldenList.as_view(), name="goldens"),
    path("goldens/needs-review/", NewReviewList.as_view(), name="needs-review"),
    path("goldens/<int:golden_id>/", GoldenPage.as_view(), name="golden"),
    path("goldens/<int:golden_id>/rewrite/", RewriteGolden.as_view(), name="golden-rewrite"),
    path("dashboard/", dashboard.GlancePage.as_view(), name="dashboard-glance"),
    path("dashboard/errors/", dashboard.ErrorsPage.as_view(), name="dashboard-errors"),
    path("dashboard/outcomes/", dashboard.OutcomesPage.as_view(), name="dashboard-outcomes"),
    path("dashboard/criteria/", dashboard.CriteriaPage.as_view(), name="dashboard-criteria"),
    path("dashboard/effort/", dashboard.EffortPage.as_view(), name="dashboard-effort"),
    path("dashboard/comparison/", dashboard.ComparisonPage.as_view(), name="dashboard-comparison"),
    path("dashboard/people/", dashboard.PeoplePage.as_view(), name="dashboard-people"),
    path("dashboard/desk/", dashboard.DeskPage.as_view(), name="dashboard-desk"),
    path("dashboard/drafts/", BehindPage.as_view(), name="dashboard-drafts"),
    path("dashboard/views/", SavedViewsPage.as_view(), name="dashboard-views"),
    path("dashboard/views/<int:view_id>/", SavedViewPage.as_view(), name="dashboard-view"),
    path("datasets/", DatasetsPage.as_view(), name="datasets"),
    path("datasets/new/", NewDatasetPage.as_view(), name="dataset-new"),
    path("datasets/<slug:name>/<int:number>/", DatasetPage.as_view(), name="dataset"),
    path(
        "datasets/<slug:name>/<int:number>/difference/",
        DatasetDifferencePage.as_view(),
        name="dataset-difference",
    ),
    path("datasets/<slug:name>/<int:number>/rows/", DatasetRowsPage.as_view(), name="dataset-rows"),
    path("webhooks/", WebhooksPage.as_view(), name="webhooks"),
    path("search/", SearchPage.as_view(), name="search"),
    path("bulk-actions/", BulkActionList.as_view(), name="bulk-actions"),
    path("bulk-actions/<int:action_id>/", BulkActionPage.as_view(), name="bulk-action"),
    path("digests/", DigestsPage.as_view(), name="digests"),
    path("digests/preview/", DigestPreview.as_view(), name="digest-preview"),
    path("digests/<int:digest_id>/", DigestPage.as_view(), name="digest"),
    path("queue/", QueuePage.as_view(), name="queue"),
    path("reviews/", ReviewsPage.as_view(), name="reviews"),
    path("judgements/", JudgementsPage.as_view(), name="judgements"),
    path("escalated/", Escalated.as_view(), name="escalated"),
    path("fact-reports/", FactReportList.as_view(), name="fact-reports"),
    path("fact-reports/<int:report_id>/", SettleFactReport.as_view(), name="settle-fact-report"),
]
